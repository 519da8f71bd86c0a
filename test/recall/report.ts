/**
 * Prints how many known defects of the guides `check` finds; it judges nothing and exits 0.
 *
 *     node test/recall/report.ts                          recall, and errors that are no row
 *     node test/recall/report.ts --rule RULE              every row of one rule, found or missed
 *     node test/recall/report.ts --missed critical,high   what is missed, and how nearly
 */
import { parseArgs } from "node:util";
import { checkGuides } from "./check-guide.ts";
import { readOneOf } from "./data.ts";
import { guidesAreMissing } from "./guides.ts";
import { committedJudgements, judgeErrors } from "./judged.ts";
import { errorsWithoutRow, figuresOf, judgeRows } from "./recall.ts";
import { errorsText, failuresText, missedText, ruleText, tableText } from "./report-text.ts";
import { committedRows, SEVERITIES } from "./rows.ts";

const { values } = parseArgs({ options: { rule: { type: "string" }, missed: { type: "string" } } });
const missing = guidesAreMissing();
const lines = missing === false ? await report() : [missing];
process.stdout.write(`${lines.join("\n")}\n`);

async function report(): Promise<readonly string[]> {
  const rows = committedRows();
  const checked = await checkGuides({ catalogues: true });
  const results = judgeRows(rows, checked.findings);
  const failures = failuresText(checked);
  if (values.rule !== undefined) {
    return [...failures, ...ruleText(values.rule, results, checked.findings)];
  }
  if (values.missed !== undefined) {
    const asked = values.missed.split(",").map((word) => readOneOf(word, SEVERITIES, "--missed"));
    return [...failures, ...missedText(results, asked, checked.findings)];
  }
  const without = await checkGuides({ catalogues: false });
  const errors = errorsWithoutRow(rows, checked.findings);
  return [
    ...tableText("with catalogues", figuresOf(results)),
    ...failures,
    "",
    ...tableText("without catalogues", figuresOf(judgeRows(rows, without.findings))),
    ...failuresText(without),
    "",
    ...errorsText(judgeErrors(errors, committedJudgements())),
  ];
}
