import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PARSE_RULES } from "../system/why.ts";
import { faultSection, sectionsOf } from "./rule-page.ts";

const PAGE = readFileSync(new URL("../../docs/checks/declaration.md", import.meta.url), "utf8");

/** What loading a file may find, as its two sources spell it. */
function loadingRules(): readonly string[] {
  const sources = ["load-declaration.ts", "declaration-file.ts"].map((file) =>
    readFileSync(new URL(file, import.meta.url), "utf8"),
  );
  return [...sources.join("").matchAll(/\brule: "([a-z-]+)"/g)].map(([, rule = ""]) => rule);
}

test("the page has a section for every fault that a declaration can have, and no other", () => {
  const loading = loadingRules();
  assert.ok(loading.length > 5, "the sources of loading spell their rules another way");
  const known = [...new Set([...PARSE_RULES, ...loading])];
  assert.deepEqual([...sectionsOf(PAGE).keys()].toSorted(), known.toSorted());
});

test("each section says what is meant and how to mend it", () => {
  for (const [rule, section] of sectionsOf(PAGE)) {
    assert.match(section, /^[A-Z`][\s\S]{20,}\n\n\*\*Fix\.\*\* /, rule);
  }
});

test("a fault is explained by its section, anything else by none", async () => {
  const text = await faultSection("bad-duration");
  assert.match(text ?? "", /^# bad-duration\n\nA duration without its unit/);
  assert.doesNotMatch(text ?? "", /bad-size/);
  assert.equal(await faultSection("no-such-rule"), undefined);
  assert.equal(await faultSection("constructor"), undefined);
});
