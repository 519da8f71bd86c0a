import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parse as parseYaml } from "yaml";
import { RULES } from "./check.ts";
import { checked } from "./example.fixture.ts";

const PAGES = new URL("../../docs/checks/", import.meta.url);

function missingPages(names: readonly string[]): readonly string[] {
  return names.filter((name) => !existsSync(new URL(`${name}.md`, PAGES)));
}

/** The example under a heading of a rule's page, as data. */
function example(rule: string, heading: "Caught" | "Left alone"): unknown {
  const page = readFileSync(new URL(`${rule}.md`, PAGES), "utf8");
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(section) ?? [];
  assert.ok(yaml, `docs/checks/${rule}.md has no example under "${heading}"`);
  const data: unknown = parseYaml(yaml);
  return data;
}

test("every rule has a page, and a missing one is noticed", () => {
  assert.deepEqual(missingPages(RULES.map(({ name }) => name)), []);
  assert.deepEqual(missingPages(["single-replica", "no-such-rule"]), ["no-such-rule"]);
});

test("no page speaks of a rule that is gone", () => {
  const rules = RULES.map(({ name }) => `${name}.md`);
  const pages = readdirSync(PAGES).filter((name) => name.endsWith(".md"));
  assert.deepEqual(pages.toSorted(), rules.toSorted());
});

test("every page says why it pages someone and how to mend it", () => {
  for (const { name } of RULES) {
    const page = readFileSync(new URL(`${name}.md`, PAGES), "utf8");
    assert.ok(page.startsWith(`# ${name}\n`), name);
    assert.match(page, /\*\*Why it pages someone\.\*\*/, name);
    assert.match(page, /\*\*Fix\.\*\*/, name);
  }
});

for (const { name } of RULES) {
  test(`${name}: the page's example is caught, its nearest healthy one left alone`, () => {
    const caught = checked(example(name, "Caught")).filter(({ rule }) => rule === name);
    assert.equal(caught.length, 1, name);
    assert.deepEqual(checked(example(name, "Left alone")), []);
  });
}
