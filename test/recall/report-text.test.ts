import assert from "node:assert/strict";
import { test } from "node:test";
import { readFindings } from "./check-guide.ts";
import { aFinding, aRow, printed } from "./example.fixture.ts";
import { judgeErrors } from "./judged.ts";
import { figuresOf, judgeRows } from "./recall.ts";
import { errorsText, failuresText, missedText, ruleText, tableText } from "./report-text.ts";

const rows = [aRow(), aRow({ row: "D002", severity: "high", rule: "no-down-alert" })];
const findings = printed({ "002": [aFinding("002", 101), aFinding("002", 300)] });
const results = judgeRows(rows, findings);

test("the table has a line for each guide and for all of them", () => {
  const lines = tableText("here", figuresOf(results));
  assert.equal(lines.length, 7);
  assert.match(lines.join("\n"), /^002 +1\/1 100\.0 % +0\/1 0\.0 % +- +-$/m);
});

test("the rows of a rule are shown with what is none of them", () => {
  const text = ruleText("self-ratio-always-one", results, findings).join("\n");
  assert.match(text, /found {2}D001 critical self-ratio-always-one: always one/);
  assert.match(text, /none of these rows: 1\n {2}error 002:300 /);
  assert.doesNotMatch(text, /D002/);
});

test("what is missed is shown with how nearly", () => {
  assert.match(missedText(results, ["high"], findings).join("\n"), /^Missed: 1 .*\n.*D002/);
  assert.match(missedText(results, ["critical"], findings).join("\n"), /^Missed: 0 /);
  const near = printed({ "002": [aFinding("002", 107), aFinding("002", 300)] });
  const text = missedText(judgeRows(rows, near), ["critical"], near).join("\n");
  assert.match(text, /nearest: line 107 \(7 away, error\): it is one/);
});

test("an error that is no row is shown as unjudged until it is judged", () => {
  const error = { guide: "002", finding: aFinding("002", 300) } as const;
  assert.match(errorsText(judgeErrors([error], [])).join("\n"), /UNJUDGED 002:300 /);
  const because = "seen in the guide";
  const judgement = { ...error, rule: error.finding.rule, line: 300, verdict: "true", because };
  const text = errorsText(judgeErrors([error], [{ ...judgement, verdict: "true" }])).join("\n");
  assert.match(text, /1 true, 0 false, 0 unjudged\)\n {2}true 002:300 .*: seen in the guide$/);
});

test("a guide that could not be checked is not silently zero", () => {
  const failures = [{ guide: "000", because: "exit 2: no" }] as const;
  assert.match(failuresText({ findings, failures }).join(), /NOT CHECKED 000 .*: exit 2: no/);
});

test("what check printed is refused when it is no list of findings", () => {
  const finding = { ...aFinding("002", 1), why: "w", fix: "f" };
  assert.equal(readFindings(JSON.stringify({ findings: [finding] })).length, 1);
  for (const wrong of [{}, { findings: [{ ...finding, severity: "bad" }] }, { findings: [1] }]) {
    assert.throws(() => readFindings(JSON.stringify(wrong)), assert.AssertionError);
  }
});
