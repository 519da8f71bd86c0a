/** The bars of recall over the guides; a visible skip where the guides are not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { missedBars } from "./bars.ts";
import { checkGuides } from "./check-guide.ts";
import { guidesAreMissing } from "./guides.ts";
import { committedJudgements, judgeErrors } from "./judged.ts";
import { errorsWithoutRow, figuresOf, judgeRows } from "./recall.ts";
import { errorsText, failuresText, tableText } from "./report-text.ts";
import { committedRows } from "./rows.ts";

const skip = guidesAreMissing();

test("check finds the guides' known defects, and its other errors were judged", {
  skip,
}, async () => {
  const rows = committedRows();
  const checked = await checkGuides({ catalogues: true });
  const without = await checkGuides({ catalogues: false });
  const figures = figuresOf(judgeRows(rows, checked.findings));
  const errors = errorsWithoutRow(rows, checked.findings);
  const judgedErrors = judgeErrors(errors, committedJudgements());
  const lines = [
    ...tableText("with catalogues", figures),
    ...tableText("without catalogues", figuresOf(judgeRows(rows, without.findings))),
    ...errorsText(judgedErrors),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  assert.deepEqual([...failuresText(checked), ...failuresText(without)], []);
  assert.deepEqual(missedBars(figures), []);
  const unjudged = judgedErrors.unjudged.map(({ guide, finding }) => `${guide} ${finding.rule}`);
  assert.deepEqual(unjudged, [], "each belongs into judged.json, with a verdict");
});
