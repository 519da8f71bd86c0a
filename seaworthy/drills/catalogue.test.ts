import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CATALOGUE, isDrillName } from "./catalogue.ts";

test("every drill has a page that names it and the objectives it speaks of", () => {
  for (const [name, drill] of Object.entries(CATALOGUE)) {
    const page = readFileSync(new URL(`../../${drill.page}`, import.meta.url), "utf8");
    assert.ok(page.startsWith(`# ${name}\n`), drill.page);
    const spoken = /\*\*Speaks of\*\*[^.]*`[^\n]*/.exec(page)?.[0] ?? "";
    for (const objective of drill.objectives) {
      assert.ok(spoken.includes(`\`${objective}\``), `${drill.page} does not name ${objective}`);
    }
  }
});

test("a name that only objects have is no drill", () => {
  assert.ok(isDrillName("kill-instance"));
  assert.ok(!isDrillName("toString"));
});
