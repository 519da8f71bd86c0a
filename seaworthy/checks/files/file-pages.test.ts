import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { treeOf } from "./example.fixture.ts";
import { checkFiles, FILE_RULES } from "./files.ts";

const PAGES = new URL("../../../docs/checks/files/", import.meta.url);

function page(rule: string): string {
  const place = new URL(`${rule}.md`, PAGES);
  assert.ok(existsSync(place), `docs/checks/files/${rule}.md is missing`);
  return readFileSync(place, "utf8");
}

/** The files under a heading of a rule's page: the name stands after the fence's language. */
function example(rule: string, heading: "Caught" | "Left alone"): Record<string, string> {
  const [, section = ""] = page(rule).split(`\n## ${heading}\n`);
  const own = section.split("\n## ", 1)[0] ?? "";
  const files: Record<string, string> = {};
  for (const [, name = "", text = ""] of own.matchAll(/^```\S+ (\S+)\n([\s\S]*?)^```$/gm)) {
    files[name] = text;
  }
  assert.ok(Object.keys(files).length > 0, `${rule}: no example under "${heading}"`);
  return files;
}

test("no page speaks of a rule that is gone", () => {
  const rules: readonly string[] = FILE_RULES.map(({ name }) => `${name}.md`);
  const pages = existsSync(PAGES) ? readdirSync(PAGES) : [];
  assert.deepEqual(
    pages.filter((name) => !rules.includes(name)),
    [],
  );
});

for (const { name } of FILE_RULES) {
  test(`${name}: its page says what, why and how to mend it`, () => {
    const text = page(name);
    assert.ok(text.startsWith(`# ${name}\n`));
    assert.match(text, /\*\*Why it pages someone\.\*\*/);
    assert.match(text, /\*\*Fix\.\*\*/);
  });

  test(`${name}: the page's example is caught, its nearest healthy one left alone`, () => {
    const caught = checkFiles(treeOf(example(name, "Caught")));
    const own = caught.filter(({ rule }) => rule === name);
    assert.ok(own.length > 0, `not caught; said: ${JSON.stringify(caught, null, 2)}`);
    const healthy = checkFiles(treeOf(example(name, "Left alone")));
    assert.deepEqual(
      healthy.filter(({ rule }) => rule === name),
      [],
    );
    assert.deepEqual(
      healthy.filter(({ severity }) => severity === "error"),
      [],
      "another rule finds an error in what is called healthy",
    );
  });
}
