import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parse as parseYaml } from "yaml";
import type { Finding } from "../system/finding.ts";
import { RULES } from "./check.ts";
import { checked } from "./example.fixture.ts";

const PAGES = new URL("../../docs/checks/", import.meta.url);

function missingPages(names: readonly string[]): readonly string[] {
  return names.filter((name) => !existsSync(new URL(`${name}.md`, PAGES)));
}

/** What all rules say about the example under a heading of a rule's page. */
function checkedExample(rule: string, heading: "Caught" | "Left alone"): readonly Finding[] {
  const page = readFileSync(new URL(`${rule}.md`, PAGES), "utf8");
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(section) ?? [];
  assert.ok(yaml, `docs/checks/${rule}.md has no example under "${heading}"`);
  const data: unknown = parseYaml(yaml);
  return checked(data, besideOf(yaml));
}

/** `# beside it: ./api/main.ts` says which files lie beside the declaration, folders included. */
function besideOf(yaml: string): ReadonlySet<string> | undefined {
  const [, listed] = /^# beside it: (.+)$/m.exec(yaml) ?? [];
  const files = listed?.split(" ");
  const folders = files?.map((file) => file.slice(0, file.lastIndexOf("/")));
  return files && folders && new Set([...files, ...folders]);
}

test("every rule has a page, and a missing one is noticed", () => {
  assert.deepEqual(missingPages(RULES.map(({ name }) => name)), []);
  assert.deepEqual(missingPages(["single-replica", "no-such-rule"]), ["no-such-rule"]);
});

test("no page speaks of a rule that is gone", () => {
  // What parsing finds has one page for all of it (`system/declaration-page.test.ts`).
  const rules = [...RULES.map(({ name }) => `${name}.md`), "declaration.md"];
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
    const caught = checkedExample(name, "Caught").filter(({ rule }) => rule === name);
    assert.equal(caught.length, 1, name);
    assert.deepEqual(checkedExample(name, "Left alone"), []);
  });
}
