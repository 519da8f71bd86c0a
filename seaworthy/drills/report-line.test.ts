import assert from "node:assert/strict";
import { test } from "node:test";
import type { Evidence } from "../record/evidence.ts";
import { budgetLine, evidenceRow, evidenceScale } from "./report-line.ts";
import { aRun } from "./verdict.fixture.ts";

const NONE = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };

function anEvidence(given: Partial<Evidence> = {}): Evidence {
  return {
    drill: "kill-instance",
    objective: "errors",
    limit: 0.001,
    predicted: undefined,
    measured: 0,
    runs: [aRun()],
    verdict: "held",
    because: "0 of 4500 failed",
    seed: 1,
    target: "local",
    declarationHash: "h",
    releases: {},
    at: "2026-01-10T00:00:00.000Z",
    raw: "raw/1",
    ...given,
  };
}

test("a kill's line says what failed of what by class, and what was lost by nature", () => {
  const run = aRun({ failed: { ...NONE, unsafe: 1, stream: 4 } });
  assert.deepEqual(evidenceRow(anEvidence({ runs: [run] })), [
    "kill-instance",
    "errors ≤ 0.1 %",
    "safe 0 of 3,000 · unsafe 1 of 1,000 (1 in flight) · streams 4 of 500 (4 in flight)" +
      " · whole in 1.2 s · nothing applied twice",
    "held",
  ]);
});

test("what the figures rest on is said: n, windows, rate and load", () => {
  const scale =
    "n 9,000 in 30.0 s · 2 runs · warm-up 2.0 s · baseline 3.0 s" +
    " · 300 requests/s · load average 0.5";
  assert.equal(evidenceScale(anEvidence({ runs: [aRun(), aRun()] })), scale);
  assert.equal(evidenceScale(anEvidence({ runs: [] })), "nothing was measured");
});

test("an outage, an exposure and what was doubled stand in the line", () => {
  const writes = { ok: 9, failed: 0, unknown: 0, lost: 1, doubled: 7, unknownApplied: 0 };
  const outage = { longestGapMs: 1_300, badSeconds: 2, unavailableMs: 1_300 };
  const failed = { ...NONE, safe: 390, unsafe: 1 };
  const frozen = anEvidence({
    drill: "freeze-instance",
    objective: "latency.p95",
    limit: 500,
    runs: [aRun({ writes, outage, failed, exposureMs: 600 })],
  });
  const [, objective, measured] = evidenceRow(frozen);
  assert.equal(objective, "p95 ≤ 500 ms");
  assert.match(measured ?? "", /exposure 600 ms · 1.3 s outage · 391 of 4,500 failed/);
  assert.match(measured ?? "", /1 acknowledged and lost, 7 applied twice/);
  assert.match(measured ?? "", /p95 30 ms \(steady 30\)/);
});

test("what is lost by nature in one second is no outage", () => {
  const outage = { longestGapMs: 20, badSeconds: 1, unavailableMs: 237 };
  const run = aRun({ outage, failed: { ...NONE, unsafe: 1, stream: 3 } });
  assert.doesNotMatch(evidenceRow(anEvidence({ runs: [run] })).join(" "), /outage/);
});

test("several runs are summed, and what is worst of them is shown", () => {
  const [, , measured] = evidenceRow(
    anEvidence({ runs: [aRun(), aRun({ restoredMs: 2_500, failed: { ...NONE, safe: 2 } })] }),
  );
  assert.match(measured ?? "", /safe 2 of 6,000 .* whole in 2.5 s/);
});

test("nothing measured says why instead", () => {
  const row = evidenceRow(
    anEvidence({ runs: [], verdict: "could-not-verify", because: "no load" }),
  );
  assert.equal(row[2], "no load");
});

test("an outage is shown against the month's budget, and no availability is claimed", () => {
  const outage = { longestGapMs: 26_000, badSeconds: 26, unavailableMs: 26_000 };
  const line = budgetLine(anEvidence({ runs: [aRun({ outage })] }), 0.999);
  assert.equal(
    line,
    "26.0 s of outage a fault: 1 % of the 43 min 12 s that 99.9 % of 30 days allow",
  );
  assert.equal(budgetLine(anEvidence({ runs: [] }), 0.999), "");
  const windows = { ...aRun().windows, windowMs: 0 };
  const unbroken = anEvidence({ runs: [aRun({ windows, injected: undefined })] });
  assert.equal(budgetLine(unbroken, 0.999), "", "what was never broken cost nothing");
  assert.equal(evidenceRow(unbroken)[2], "nothing was broken");
  assert.equal(budgetLine(anEvidence({ objective: "latency.p95" }), undefined), "");
});
