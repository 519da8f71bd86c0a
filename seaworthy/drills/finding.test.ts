import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../load/load.ts";
import { aSample, aStretch, FAILED } from "../load/sample.fixture.ts";
import { findingOf } from "./finding.ts";
import { aRecord } from "./run-record.fixture.ts";

const NONE = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };

function killed(kind: Sample["class"], count: number): readonly Sample[] {
  return Array.from({ length: count }, () =>
    aSample({ class: kind, dueMs: 4_990, endMs: 5_003, outcome: "unknown", failure: "reset" }),
  );
}

test("a request in flight at injection belongs to the window although it was due before", () => {
  const samples = [...aRecord().samples, ...killed("unsafe", 1)];
  const { run, byNature, doubts } = findingOf(aRecord({ samples }));
  assert.equal(run.failed.unsafe, 1);
  assert.deepEqual(byNature, { ...NONE, unsafe: 1 });
  assert.equal(run.baseline.count, 299, "300 fell due, one of them was open at injection");
  assert.deepEqual(doubts, [], "and none of it is held against the baseline");
});

test("no more is lost by nature than was in flight on the victim", () => {
  const samples = [...aRecord().samples, ...killed("unsafe", 5), ...killed("stream", 1)];
  const { run, byNature } = findingOf(aRecord({ samples }));
  assert.deepEqual([run.failed.unsafe, run.failed.stream], [5, 1]);
  assert.deepEqual(byNature, { ...NONE, unsafe: 1, stream: 1 });
});

test("a safe request is never lost by nature", () => {
  const samples = [...aRecord().samples, ...killed("safe", 3)];
  assert.deepEqual(findingOf(aRecord({ samples })).byNature, NONE);
});

test("nothing is lost by nature where nothing is killed, or nobody saw what was in flight", () => {
  const samples = [...aRecord().samples, ...killed("unsafe", 1)];
  assert.deepEqual(findingOf(aRecord({ samples, losesInFlight: false })).byNature, NONE);
  assert.deepEqual(findingOf(aRecord({ samples, inFlightOnVictim: undefined })).byNature, NONE);
});

test("what falls due after the window is not counted in it", () => {
  const samples = aStretch({ fromMs: 0, toMs: 30_000 });
  // One more than 1,500: the request of 4,990 was still open when the window began.
  assert.equal(findingOf(aRecord({ samples })).run.sent.safe, 1_501);
});

test("recovered is both: serving steadily and whole again", () => {
  const samples = [
    ...aStretch({ fromMs: 0, toMs: 5_000 }),
    ...aStretch({ fromMs: 5_000, toMs: 6_000 }, FAILED),
    ...aStretch({ fromMs: 6_000, toMs: 20_000 }),
  ];
  const whole = findingOf(aRecord({ samples, restored: { state: "back", afterMs: 4_000 } }));
  assert.deepEqual(whole.recovery, { recovered: true, afterMs: 4_000 });
  const served = findingOf(aRecord({ samples, restored: { state: "not-asked" } }));
  assert.deepEqual(served.recovery, { recovered: true, afterMs: 1_000 });
  const never = findingOf(
    aRecord({ samples, restored: { state: "not-back", notAfterMs: 60_000 } }),
  );
  assert.deepEqual(never.recovery, { recovered: false, notAfterMs: 60_000 });
});

test("an outage that outlasts the window is not recovered from", () => {
  const samples = [
    ...aStretch({ fromMs: 0, toMs: 5_000 }),
    ...aStretch({ fromMs: 5_000, toMs: 20_000 }, FAILED),
  ];
  const finding = findingOf(aRecord({ samples, restored: { state: "back", afterMs: 100 } }));
  assert.deepEqual(finding.recovery, { recovered: false, notAfterMs: 15_000 });
});

test("a baseline that misses an objective makes the run doubtful", () => {
  const failing = [
    ...aStretch({ fromMs: 2_000, toMs: 5_000 }, FAILED),
    ...aStretch({ fromMs: 5_000, toMs: 20_000 }),
  ];
  assert.match(findingOf(aRecord({ samples: failing })).doubts.join(), /299 of 299 failed before/);
  const slow = aRecord().samples.map((sample) => ({ ...sample, endMs: sample.dueMs + 700 }));
  assert.match(findingOf(aRecord({ samples: slow })).doubts.join(), /p95 was 700 ms before/);
  const none = aStretch({ fromMs: 5_000, toMs: 20_000 });
  assert.match(findingOf(aRecord({ samples: none })).doubts.join(), /nothing was sent before/);
});
