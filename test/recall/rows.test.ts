import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { GUIDE_IDS, GUIDES, GUIDES_FOLDER, type GuideId, guidesAreMissing } from "./guides.ts";
import { committedRows, guidesOf, type Row, readRows, SEVERITIES } from "./rows.ts";

const rows = committedRows();

/** Places whose text does not stand in their line, or whose block leaves the guide. */
function misplaced(list: readonly Row[], guides: ReadonlyMap<GuideId, string>): readonly string[] {
  return list.flatMap(({ row, places }) =>
    GUIDE_IDS.flatMap((guide) =>
      (places[guide] ?? []).flatMap((place) => {
        const lines = guides.get(guide)?.split("\n") ?? [];
        const line = place.kind === "line" ? place.line : place.from;
        const last = place.kind === "line" ? line : place.to;
        const stands = lines[line - 1]?.includes(place.text) === true && last <= lines.length;
        return stands ? [] : [`${row} ${guide}:${line}: no ${place.text}`];
      }),
    ),
  );
}

test("the rows are D001 to D259: 48 critical, 106 high, 81 medium, 24 low", () => {
  const names = Array.from({ length: 259 }, (_, index) => `D${`${index + 1}`.padStart(3, "0")}`);
  assert.deepEqual(
    rows.map(({ row }) => row),
    names,
  );
  const counts = SEVERITIES.map((each) => rows.filter(({ severity }) => severity === each).length);
  assert.deepEqual(counts, [48, 106, 81, 24]);
});

test("86 rows are of both router guides, 1 and 19 of one of them, 66 and 87 of the others", () => {
  const guides = rows.map((row) => guidesOf(row).join("+"));
  const count = (which: string): number => guides.filter((each) => each === which).length;
  assert.deepEqual(["000+001", "000", "001", "002", "003"].map(count), [86, 1, 19, 66, 87]);
});

for (const [what, row] of [
  ["a misspelt field", { rules: "x" }],
  ["an unknown severity", { severity: "grave" }],
  ["no text", { defect: " " }],
  ["an unknown guide", { places: { "004": [{ line: 1, text: "x" }] } }],
  ["no guide", { places: {} }],
  ["no place", { places: { "000": [] } }],
  ["line 0", { places: { "000": [{ line: 0, text: "x" }] } }],
  ["a line and a block", { places: { "000": [{ line: 1, from: 1, to: 2, text: "x" }] } }],
  ["a block that ends first", { places: { "000": [{ from: 2, to: 1, text: "x" }] } }],
  ["a place without its text", { places: { "000": [{ line: 1 }] } }],
] as const) {
  test(`a row with ${what} is refused`, () => {
    const places = { "000": [{ line: 1, text: "x" }] };
    const healthy = { row: "D001", rule: "a-rule", severity: "high", defect: "d", places };
    assert.equal(readRows(JSON.stringify([healthy])).length, 1);
    assert.throws(() => readRows(JSON.stringify([{ ...healthy, ...row }])), assert.AssertionError);
  });
}

test("guides that are not there are said to be missing", () => {
  assert.equal(guidesAreMissing(import.meta.dirname), "not run: the guides are not here");
});

test("the text of every place stands in its line", { skip: guidesAreMissing() }, () => {
  const guides = new Map(
    GUIDE_IDS.map((id) => [id, readFileSync(join(GUIDES_FOLDER, GUIDES[id]), "utf8")] as const),
  );
  assert.deepEqual(misplaced(rows, guides), []);
  const [planted, ...others] = GUIDE_IDS.map((id) => [id, `\n${guides.get(id) ?? ""}`] as const);
  assert.ok(planted !== undefined && others.length === 3);
  assert.ok(misplaced(rows, new Map([planted, ...others])).length > 250);
});
