import assert from "node:assert/strict";
import { test } from "node:test";
import { aFinding } from "./example.fixture.ts";
import { committedJudgements, judgeErrors, readJudgements } from "./judged.ts";

const JUDGEMENT = {
  guide: "002",
  rule: "self-ratio-always-one",
  line: 300,
  verdict: "true",
  because: "it divides by itself",
} as const;
const error = { guide: "002", finding: aFinding("002", 300) } as const;

test("an error is judged by the entry of its guide, rule and line", () => {
  const { judged, unjudged, idle } = judgeErrors([error], [JUDGEMENT]);
  assert.deepEqual([judged.length, unjudged.length, idle.length], [1, 0, 0]);
});

for (const [what, change] of [
  ["guide", { guide: "003" }],
  ["rule", { rule: "no-down-alert" }],
  ["line", { line: 301 }],
] as const) {
  test(`an entry of another ${what} judges nothing, and is called idle`, () => {
    const { judged, unjudged, idle } = judgeErrors([error], [{ ...JUDGEMENT, ...change }]);
    assert.deepEqual([judged.length, unjudged.length, idle.length], [0, 1, 1]);
  });
}

test("a judgement without a verdict or a reason is refused", () => {
  assert.equal(readJudgements(JSON.stringify([JUDGEMENT])).length, 1);
  for (const change of [{ verdict: "perhaps" }, { because: "" }, { guide: "004" }]) {
    const text = JSON.stringify([{ ...JUDGEMENT, ...change }]);
    assert.throws(() => readJudgements(text), assert.AssertionError);
  }
});

test("the committed judgements can be read, and none is there twice", () => {
  const keys = committedJudgements().map(({ guide, rule, line }) => `${guide} ${rule} ${line}`);
  assert.equal(new Set(keys).size, keys.length);
});
