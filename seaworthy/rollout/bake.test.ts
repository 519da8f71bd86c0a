import assert from "node:assert/strict";
import { test } from "node:test";
import { bakeEndsMs, type BakeView, judgeBake } from "./bake.ts";
import { NO_COUNTERS, p95Of, remember, type Tally, tallyOf } from "./tally.ts";

const SETTINGS = {
  bakeMs: 30_000,
  bakeRequestsMin: 200,
  abort: { errorRatio: 0.01, p95Factor: 2 },
};
const BOUNDS_MS = [10, 20, 50, 100, 200];

function aTally(requests: number, change: { failed?: number; bucket?: number } = {}): Tally {
  const counts = [...BOUNDS_MS, 0].map((_, index) =>
    index === (change.bucket ?? 1) ? requests : 0,
  );
  return { requests, failed: change.failed ?? 0, latency: { boundsMs: BOUNDS_MS, counts } };
}

function judged(change: Partial<BakeView>): string {
  const view: BakeView = {
    settings: SETTINGS,
    elapsedMs: 30_000,
    fresh: aTally(1_000),
    steady: aTally(1_000),
    control: undefined,
    casualties: [],
    unready: [],
    ...change,
  };
  return judgeBake(view).verdict;
}

test("passes at its end, with enough requests, and not before", () => {
  assert.equal(judged({ elapsedMs: 29_999 }), "wait");
  assert.equal(judged({}), "pass");
  assert.equal(judged({ fresh: aTally(199) }), "wait");
  assert.equal(judged({ fresh: aTally(200) }), "pass");
});

test("too few requests are waited for, and then prove nothing", () => {
  assert.equal(bakeEndsMs(30_000), 90_000);
  assert.equal(bakeEndsMs(3_000), 33_000);
  assert.equal(judged({ fresh: aTally(199), elapsedMs: 89_999 }), "wait");
  assert.equal(judged({ fresh: aTally(199), elapsedMs: 90_000 }), "inconclusive");
  assert.equal(judged({ fresh: aTally(0), elapsedMs: 90_000 }), "inconclusive");
});

test("errors over the declared ratio fail it at once; a few are chance", () => {
  assert.equal(judged({ elapsedMs: 1_000, fresh: aTally(400, { failed: 5 }) }), "fail");
  assert.equal(judged({ elapsedMs: 1_000, fresh: aTally(10, { failed: 4 }) }), "wait");
  assert.equal(judged({ fresh: aTally(1_000, { failed: 10 }) }), "pass");
  assert.equal(judged({ fresh: aTally(1_000, { failed: 11 }) }), "fail");
});

test("what the roll itself sent does not dilute what users sent", () => {
  const fresh = aTally(720, { failed: 6 });
  assert.equal(judged({ fresh }), "pass", "0.8 % of all");
  assert.equal(judged({ fresh, ownProbe: { requests: 600, failed: 0 } }), "fail", "5 % of theirs");
  assert.equal(judged({ fresh, ownProbe: { requests: 600, failed: 6 } }), "pass", "not theirs");
  assert.equal(judged({ fresh, ownProbe: { requests: 900, failed: 9 } }), "pass", "a late count");
});

test("a p95 over the factor and felt fails it, with enough requests on both sides", () => {
  const slow = aTally(1_000, { bucket: 3 });
  assert.equal(judged({ fresh: slow }), "fail");
  assert.equal(judged({ fresh: slow, steady: aTally(49) }), "pass");
  assert.equal(judged({ elapsedMs: 1_000, fresh: aTally(49, { bucket: 3 }) }), "wait");
  const hardlySlower = aTally(1_000, { bucket: 1 });
  assert.equal(judged({ fresh: hardlySlower, steady: aTally(1_000, { bucket: 0 }) }), "pass");
});

test("beside a control group: what both suffer from is nobody's fault, and no proof", () => {
  const bad = aTally(1_000, { failed: 50 });
  assert.equal(judged({ fresh: bad, control: aTally(5_000) }), "fail");
  assert.equal(judged({ fresh: bad, control: aTally(5_000, { failed: 250 }) }), "wait");
  const over = { fresh: bad, control: aTally(5_000, { failed: 250 }), elapsedMs: 90_000 };
  assert.equal(judged(over), "inconclusive");
  assert.equal(judged({ fresh: bad, control: aTally(5_000, { failed: 100 }) }), "fail");
  const slow = aTally(1_000, { bucket: 3 });
  assert.equal(judged({ fresh: slow, control: aTally(1_000) }), "fail");
  assert.equal(judged({ fresh: slow, control: slow }), "pass", "both became slow");
  assert.equal(judged({ fresh: aTally(1_000), control: aTally(1_000), steady: slow }), "pass");
});

test("beside a control group: more errors by chance alone are waited for", () => {
  const few = aTally(100, { failed: 5 });
  const control = aTally(100, { failed: 2 });
  assert.equal(judged({ fresh: few, control, elapsedMs: 10_000 }), "wait");
  assert.equal(judged({ fresh: aTally(10_000, { failed: 500 }), control }), "wait");
  const many = aTally(10_000, { failed: 200 });
  assert.equal(judged({ fresh: aTally(10_000, { failed: 500 }), control: many }), "fail");
});

test("a control group of too few requests proves nothing, and hides nothing", () => {
  assert.equal(judged({ control: aTally(49) }), "wait");
  assert.equal(judged({ control: aTally(49), elapsedMs: 90_000 }), "inconclusive");
  assert.equal(judged({ control: aTally(50) }), "pass");
  const bad = aTally(400, { failed: 40 });
  assert.equal(judged({ fresh: bad, control: aTally(49), elapsedMs: 1_000 }), "fail");
});

test("a restart fails it; not being ready delays it, and at the end fails it", () => {
  assert.equal(judged({ elapsedMs: 1_000, casualties: ["api-4 restarted"] }), "fail");
  assert.equal(judged({ unready: ["api-4"] }), "wait");
  assert.equal(judged({ unready: ["api-4"], elapsedMs: 90_000 }), "fail");
});

function aMeasured(since: string, requests: number) {
  const none = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };
  const { latency } = aTally(requests);
  const instance = {
    instance: "api-1",
    release: "r1",
    requests,
    failed: { ...none, safe: requests / 10, stream: requests / 10 },
    inFlight: none,
    latency,
    lastRequestWallMs: undefined,
  };
  return { since, instances: [instance] };
}

test("counts since a moment, across an edge that started again from zero", () => {
  const atStart = remember(NO_COUNTERS, aMeasured("first", 100));
  const later = remember(atStart, aMeasured("first", 150));
  const all = remember(later, aMeasured("second", 30));
  const counted = tallyOf(all, () => true, atStart);
  assert.equal(counted.requests, 80);
  assert.equal(counted.failed, 16);
  assert.equal(
    counted.latency.counts.reduce((sum, count) => sum + count, 0),
    80,
  );
  assert.equal(tallyOf(all, (one) => one.release === "r2").requests, 0);
});

test("the p95 is read inside its bucket; beyond the last bound it is at least that bound", () => {
  assert.equal(p95Of(aTally(0)), undefined);
  assert.equal(p95Of(aTally(100, { bucket: 1 })), 19.5);
  assert.equal(p95Of(aTally(100, { bucket: 5 })), 200);
});
