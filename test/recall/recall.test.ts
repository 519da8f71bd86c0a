import assert from "node:assert/strict";
import { test } from "node:test";
import { missedBars } from "./bars.ts";
import { aFinding, aRow, printed } from "./example.fixture.ts";
import { GUIDES } from "./guides.ts";
import { errorsWithoutRow, type Figures, type FindingsOf, figuresOf, judgeRows } from "./recall.ts";
import type { Row, RowPlace } from "./rows.ts";

const block: RowPlace = { kind: "block", from: 100, to: 200, text: "x" };

function isFound(row: Row, findings: FindingsOf): boolean {
  return judgeRows([row], findings).every(({ missedIn }) => missedIn.length === 0);
}

test("a row is found by its rule, up to five lines from its line", () => {
  for (const line of [95, 100, 105]) {
    assert.ok(isFound(aRow(), printed({ "002": [aFinding("002", line)] })), `${line}`);
  }
});

for (const [what, findings] of [
  ["nothing", {}],
  ["six lines above", { "002": [aFinding("002", 94)] }],
  ["six lines below", { "002": [aFinding("002", 106)] }],
  ["another rule", { "002": [aFinding("002", 100, { rule: "no-down-alert" })] }],
  ["another guide", { "003": [aFinding("003", 100)] }],
  ["a place in another file", { "002": [aFinding("003", 100)] }],
  [
    "a place without a line",
    { "002": [aFinding("002", 1, { places: [{ file: GUIDES["002"] }] })] },
  ],
  ["a line of no file", { "002": [aFinding("002", 1, { places: [{ line: 100 }] })] }],
  ["a note, which nobody is shown", { "002": [aFinding("002", 100, { severity: "note" })] }],
] as const) {
  test(`a row is not found by ${what}`, () => {
    assert.equal(isFound(aRow(), printed(findings)), false);
  });
}

test("any place of a finding will do, and a note for what pages nobody", () => {
  const places = [
    { file: GUIDES["002"], line: 1 },
    { file: `./${GUIDES["002"]}`, line: 101 },
  ];
  assert.ok(isFound(aRow(), printed({ "002": [aFinding("002", 1, { places })] })));
  const note = printed({ "002": [aFinding("002", 100, { severity: "note" })] });
  assert.ok(isFound(aRow({ severity: "medium" }), note));
  assert.ok(isFound(aRow(), printed({ "002": [aFinding("002", 100, { severity: "warning" })] })));
});

test("a row with a block is found inside it, and not one line beside it", () => {
  const row = aRow({ places: { "002": [block] } });
  for (const [line, found] of [
    [99, false],
    [100, true],
    [200, true],
    [201, false],
  ] as const) {
    assert.equal(isFound(row, printed({ "002": [aFinding("002", line)] })), found, `${line}`);
  }
});

test("a row of two guides counts in each of them, and in the total only when found in both", () => {
  const place: RowPlace = { kind: "line", line: 10, text: "x" };
  const row = aRow({ places: { "000": [place], "001": [place] } });
  const critical = (findings: FindingsOf): readonly string[] =>
    figuresOf(judgeRows([row], findings)).map(
      ({ scope, bySeverity }) => `${scope} ${bySeverity.critical.found}/${bySeverity.critical.of}`,
    );
  const one = critical(printed({ "000": [aFinding("000", 10)] }));
  assert.deepEqual(one, ["000 1/1", "001 0/1", "002 0/0", "003 0/0", "total 0/1"]);
  const both = printed({ "000": [aFinding("000", 10)], "001": [aFinding("001", 10)] });
  assert.equal(critical(both).at(-1), "total 1/1");
});

test("an error far from every row is one that somebody has to judge", () => {
  const far = aFinding("002", 106);
  const rows = [aRow()];
  const foreign = errorsWithoutRow(rows, printed({ "002": [aFinding("002", 100), far] }));
  assert.deepEqual(foreign, [{ guide: "002", finding: far }]);
  const warning = aFinding("002", 106, { severity: "warning" });
  assert.deepEqual(errorsWithoutRow(rows, printed({ "002": [warning] })), []);
  assert.equal(errorsWithoutRow(rows, printed({ "003": [aFinding("003", 100)] })).length, 1);
});

test("another rule's row excuses an error at its line, not in its block", () => {
  const other = aFinding("002", 101, { rule: "no-down-alert" });
  assert.deepEqual(errorsWithoutRow([aRow()], printed({ "002": [other] })), []);
  const rows = [aRow({ places: { "002": [block] } })];
  assert.equal(errorsWithoutRow(rows, printed({ "002": [other] })).length, 1);
  assert.deepEqual(errorsWithoutRow(rows, printed({ "002": [aFinding("002", 150)] })), []);
});

test("the bars: 85 % of the critical rows, 70 % of the high ones, and of some at all", () => {
  const total = (critical: number, high: number): readonly Figures[] => {
    const none = { found: 0, of: 0 };
    const bySeverity = {
      critical: { found: critical, of: 48 },
      high: { found: high, of: 106 },
      medium: none,
      low: none,
    };
    return [{ scope: "total", bySeverity }];
  };
  assert.deepEqual(missedBars(total(41, 75)), []);
  assert.deepEqual(missedBars(total(40, 75)), ["critical: 40 of 48 found, 41 are the bar"]);
  assert.deepEqual(missedBars(total(41, 74)), ["high: 74 of 106 found, 75 are the bar"]);
  assert.equal(missedBars([]).length, 2);
  assert.equal(missedBars(figuresOf([])).length, 2);
});
