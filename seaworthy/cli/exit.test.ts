import assert from "node:assert/strict";
import { test } from "node:test";
import { EXIT, EXIT_MEANING, exitForOutcome, exitForVerdicts } from "./exit.ts";

test("a rolled-back release is never exit 0", () => {
  assert.equal(exitForOutcome("rolled-back"), 4);
  assert.equal(exitForOutcome("not-rolled-back"), 5);
  assert.equal(exitForOutcome("could-not-verify"), 8);
});

test("a miss weighs more than a doubt, and no evidence is a doubt", () => {
  assert.equal(exitForVerdicts(["held", "could-not-verify", "missed"]), EXIT.missed);
  assert.equal(exitForVerdicts(["held", "aborted"]), EXIT.couldNotVerify);
  assert.equal(exitForVerdicts(["held", "held"]), EXIT.done);
  assert.equal(exitForVerdicts([]), EXIT.couldNotVerify);
});

test("every exit code has a meaning", () => {
  assert.deepEqual(
    Object.keys(EXIT_MEANING)
      .map(Number)
      .toSorted((a, b) => a - b),
    Object.values(EXIT).toSorted((a, b) => a - b),
  );
});
