import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CATALOGUE, type DrillDescription, isDrillName } from "./catalogue.ts";

const DRILLS = Object.entries(CATALOGUE);

function page(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

/** What stands after `**Name**`, to the end of its sentence. */
function sentence(text: string, name: string): string {
  return new RegExp(String.raw`\*\*${name}\*\*([^]*?)\.(?:\s|$)`).exec(text)?.[1] ?? "";
}

function objectivesIn(text: string): readonly string[] {
  return [...text.matchAll(/`([a-z]+(?:\.[a-z0-9]+)?)`/g)].map((found) => found[1] ?? "");
}

function row(name: string, drill: DrillDescription): string {
  const file = drill.page.replace("docs/drills/", "");
  const spoken = drill.objectives.join(", ");
  return `| [${name}](${file}) | ${drill.tier} | ${spoken} | ${drill.breaks} |`;
}

for (const [name, drill] of DRILLS) {
  test(`${name}: its page names it, the objectives it speaks of, and its tier`, () => {
    const text = page(drill.page);
    assert.ok(text.startsWith(`# ${name}\n`), drill.page);
    const spoken = objectivesIn(sentence(text, "Speaks of"));
    assert.deepEqual(
      new Set(spoken),
      new Set<string>(drill.objectives),
      `${drill.page}: Speaks of`,
    );
    assert.match(sentence(text, "Tier"), new RegExp(`^\\s${drill.tier}\\b`), `${drill.page}: Tier`);
  });
}

test("the table of all drills is the catalogue", () => {
  const table = page("docs/drills/README.md").split("\n");
  const rows = table.filter((line) => line.startsWith("| ["));
  assert.deepEqual(
    rows,
    DRILLS.map(([name, drill]) => row(name, drill)),
    "docs/drills/README.md, in the catalogue's order",
  );
});

test("a page that says something else would be seen", () => {
  const planted = "# kill-instance\n\n**Speaks of** `errors`. **Tier** T2: a leader.\n";
  assert.deepEqual(objectivesIn(sentence(planted, "Speaks of")), ["errors"]);
  assert.match(sentence(planted, "Tier"), /^\sT2\b/);
  assert.equal(sentence("# kill-instance\n", "Tier"), "");
});

test("a name that only objects have is no drill", () => {
  assert.ok(isDrillName("kill-instance"));
  assert.ok(!isDrillName("toString"));
});
