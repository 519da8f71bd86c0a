import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "./load.ts";
import { aSample, aStretch, FAILED } from "./sample.fixture.ts";
import {
  badSeconds,
  countByClass,
  dueWithin,
  failedByClass,
  latencyOf,
  longestGapMs,
  outageOf,
  touching,
} from "./window.ts";

const span = { fromMs: 1_000, toMs: 16_000 };
const rule = { span, steadyMs: 5_000, ratio: 0.001 };

test("a window begins with what is due at its start and ends before what is due at its end", () => {
  const samples = [999, 1_000, 15_999, 16_000].map((dueMs) => aSample({ dueMs }));
  assert.deepEqual(
    dueWithin(samples, span).map(({ dueMs }) => dueMs),
    [1_000, 15_999],
  );
});

test("a window touches what was in flight at its start, answered or not", () => {
  const over = aSample({ dueMs: 900, endMs: 999 });
  const inFlight = aSample({ dueMs: 900, endMs: 1_200 });
  const open = aSample({ dueMs: 100, endMs: undefined, outcome: "unknown" });
  const later = aSample({ dueMs: 16_000 });
  assert.deepEqual(touching([over, inFlight, open, later], span), [inFlight, open]);
});

test("a window counts by class, and failed and unknown both as failures", () => {
  const samples = [
    aSample(),
    aSample({ class: "unsafe", outcome: "unknown", failure: "timeout" }),
    aSample({ class: "idempotent", ...FAILED }),
    aSample({ class: "stream", outcome: "unknown", failure: "cut" }),
    aSample({ class: "stream", outcome: "unknown", endMs: undefined }),
  ];
  assert.deepEqual(countByClass(samples), { safe: 1, idempotent: 1, unsafe: 1, stream: 2 });
  assert.deepEqual(
    failedByClass(samples),
    { safe: 0, idempotent: 1, unsafe: 1, stream: 1 },
    "a stream that still flows at the end was not cut",
  );
});

test("latency is taken from the due time, and time-outs enter at their value", () => {
  const samples = [
    aSample({ dueMs: 0, sentMs: 400, endMs: 500 }),
    aSample({ dueMs: 0, endMs: 5_000, outcome: "unknown", failure: "timeout" }),
  ];
  const { count, p50Ms, maxMs } = latencyOf(samples);
  assert.equal(count, 2);
  assert.ok(Math.abs(p50Ms - 500) < 1, `${p50Ms}`);
  assert.ok(Math.abs(maxMs - 5_000) < 5, `${maxMs}`);
});

test("latency is not improved by quick refusals, nor spoilt by long streams", () => {
  const samples = [
    aSample({ endMs: 100 }),
    aSample({ endMs: 1, ...FAILED }),
    aSample({ class: "stream", endMs: 9_000 }),
  ];
  assert.equal(latencyOf(samples).count, 1);
});

test("latency of nothing is zero of zero", () => {
  assert.deepEqual(latencyOf([]), { count: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 });
});

test("an outage without a failure is none", () => {
  const outage = outageOf(aStretch(span), rule);
  assert.deepEqual(outage.figures, { longestGapMs: 10, badSeconds: 0, unavailableMs: 0 });
  assert.equal(outage.steadyAgain, true);
});

test("an outage lasts from the first failed due time to the first steady stretch", () => {
  const samples = [
    ...aStretch({ fromMs: 1_000, toMs: 2_000 }),
    ...aStretch({ fromMs: 2_000, toMs: 3_300 }, FAILED),
    ...aStretch({ fromMs: 3_300, toMs: 16_000 }),
  ];
  const { figures, steadyAgain, steadyFromMs } = outageOf(samples, rule);
  assert.equal(figures.unavailableMs, 1_300);
  assert.equal(figures.badSeconds, 2);
  assert.equal(figures.longestGapMs, 1_310);
  assert.equal(steadyAgain, true);
  assert.equal(steadyFromMs, 3_300);
});

test("an outage is not over in a pause that is shorter than a steady stretch", () => {
  const samples = [
    ...aStretch({ fromMs: 1_000, toMs: 2_000 }, FAILED),
    ...aStretch({ fromMs: 2_000, toMs: 6_000 }),
    ...aStretch({ fromMs: 6_000, toMs: 7_000 }, FAILED),
    ...aStretch({ fromMs: 7_000, toMs: 16_000 }),
  ];
  assert.equal(outageOf(samples, rule).figures.unavailableMs, 6_000);
});

test("a stretch within the ratio is steady although one in it failed", () => {
  const samples = [
    ...aStretch({ fromMs: 1_000, toMs: 2_000 }, FAILED),
    ...aStretch({ fromMs: 2_000, toMs: 4_000 }),
    aSample({ dueMs: 4_000, ...FAILED }),
    ...aStretch({ fromMs: 4_010, toMs: 16_000 }),
  ];
  assert.equal(outageOf(samples, { ...rule, ratio: 0.01 }).figures.unavailableMs, 1_000);
  assert.equal(outageOf(samples, { ...rule, ratio: 0.001 }).figures.unavailableMs, 3_010);
});

test("an outage that does not end in time is a lower bound, and says so", () => {
  const samples = [
    ...aStretch({ fromMs: 1_000, toMs: 12_000 }, FAILED),
    ...aStretch({ fromMs: 12_000, toMs: 16_000 }),
  ];
  const { figures, steadyAgain } = outageOf(samples, rule);
  assert.equal(steadyAgain, false);
  assert.equal(figures.unavailableMs, 15_000);
});

test("an outage of which everything failed has a gap as long as the window", () => {
  const samples = aStretch(span, FAILED);
  const { figures, steadyAgain } = outageOf(samples, rule);
  assert.deepEqual(figures, { longestGapMs: 15_000, badSeconds: 15, unavailableMs: 15_000 });
  assert.equal(steadyAgain, false);
});

test("an outage spread thinly has bad seconds but no gap", () => {
  const samples: readonly Sample[] = aStretch(span).map((sample, at) =>
    at % 3 === 0 ? { ...sample, ...FAILED } : sample,
  );
  assert.equal(badSeconds(samples, span), 15);
  assert.equal(longestGapMs(samples, span), 20);
});

test("one failure in a hundred is no bad second, two are", () => {
  const samples = aStretch({ fromMs: 1_000, toMs: 2_000 });
  const spoilt = (count: number): readonly Sample[] =>
    samples.map((sample, at) => (at < count ? { ...sample, ...FAILED } : sample));
  assert.equal(badSeconds(spoilt(1), span), 0);
  assert.equal(badSeconds(spoilt(2), span), 1);
});
