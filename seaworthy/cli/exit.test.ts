import assert from "node:assert/strict";
import { test } from "node:test";
import { aRun } from "../drills/verdict.fixture.ts";
import type { Evidence, Verdict } from "../record/evidence.ts";
import { EXIT, EXIT_MEANING, exitForEvidence, exitForOutcome } from "./exit.ts";

function anEvidence(given: Partial<Evidence>): Evidence {
  return {
    drill: "kill-instance",
    objective: "errors",
    limit: 0.001,
    predicted: undefined,
    measured: 0,
    runs: [aRun()],
    verdict: "held",
    because: "",
    seed: 1,
    target: "local",
    declarationHash: "d",
    releases: {},
    at: "2026-11-20T00:00:00.000Z",
    raw: "raw",
    ...given,
  };
}

test("a rolled-back release is never exit 0", () => {
  assert.equal(exitForOutcome("rolled-back"), 4);
  assert.equal(exitForOutcome("not-rolled-back"), 5);
  assert.equal(exitForOutcome("could-not-verify"), 8);
});

const judged = (...verdicts: readonly Verdict[]) =>
  exitForEvidence(verdicts.map((verdict) => anEvidence({ verdict })));

test("a miss weighs more than a doubt, and no evidence is a doubt", () => {
  assert.equal(judged("held", "could-not-verify", "missed"), EXIT.missed);
  assert.equal(judged("held", "aborted"), EXIT.couldNotVerify);
  assert.equal(judged("held", "held"), EXIT.done);
  assert.equal(judged(), EXIT.couldNotVerify);
});

test("what is still broken needs a person, whatever the verdict", () => {
  const broken = anEvidence({ verdict: "missed", runs: [aRun({ undone: undefined })] });
  assert.equal(exitForEvidence([anEvidence({ verdict: "held" }), broken]), EXIT.notRolledBack);
  const left = anEvidence({ verdict: "aborted", leftBroken: ["the freeze of api-1"] });
  assert.equal(exitForEvidence([left]), EXIT.notRolledBack, "aborted and not undone");
});

test("every exit code has a meaning", () => {
  assert.deepEqual(
    Object.keys(EXIT_MEANING)
      .map(Number)
      .toSorted((a, b) => a - b),
    Object.values(EXIT).toSorted((a, b) => a - b),
  );
});
