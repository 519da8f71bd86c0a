import assert from "node:assert/strict";
import { test } from "node:test";
import { aUnit } from "./planted.fixture.ts";
import { anEdge } from "../targets/declared.ts";
import { predictFreeze, predictKill, predictNeverReady, predictRoll } from "./predict.ts";

const base = {
  needs: [],
  edge: undefined,
  load: undefined,
  drills: {
    warmUpMs: 1_000,
    baselineMs: 1_000,
    windowMs: 4_000,
    freezeMs: 1_500,
    everyMs: undefined,
  },
};

test("a killed one of several is back after backoff and boot; a single one is an outage", () => {
  const two = predictKill({ ...base, unit: aUnit(2) });
  assert.deepEqual([two.interval.fromMs, two.interval.toMs], [700, 700 + 2_000 + 100]);
  assert.equal(two.failingMsMax, 3_000, "clients should see nothing");
  const one = predictKill({ ...base, unit: aUnit(1) });
  assert.match(one.interval.what, /outage/);
  assert.equal(one.failingMsMax, 2_800 + 3_000);
});

test("a frozen one is exposed until its checks time out, or a try does", () => {
  const checks = predictFreeze({ ...base, unit: aUnit(2) });
  assert.deepEqual([checks.interval.fromMs, checks.interval.toMs], [300, 100 + 200 + 200]);
});

test("an only one that is frozen is asked until it thaws", () => {
  const alone = predictFreeze({ ...base, unit: aUnit(1) });
  assert.deepEqual([alone.interval.fromMs, alone.interval.toMs], [1_400, 1_500]);
});

test("least connections may never choose a frozen one again", () => {
  const { limits } = anEdge();
  const timeouts = { connectMs: 1, headerMs: 1, bodyMs: 1, keepAliveMs: 1 };
  const route = {
    prefix: "/",
    to: "api",
    idempotent: false,
    timeoutMs: 9,
    idleMs: 9,
    hashBy: undefined,
  };
  const soonest = (balance: "round-robin" | "least-connections", tryTimeoutMs: number): number => {
    const routes = [{ ...route, tryTimeoutMs, balance }];
    const edge = anEdge({ listen: [], routes, limits, timeouts });
    return predictFreeze({ ...base, unit: aUnit(2), edge }).interval.fromMs;
  };
  assert.equal(soonest("least-connections", 200), 0);
  assert.equal(soonest("round-robin", 200), 200, "a try times out before the checks do");
  assert.equal(soonest("round-robin", 9_000), 300);
});

test("a roll is bounded by its boots, drains and bakes, there and back", () => {
  const roll = predictRoll({ ...base, unit: aUnit(2) });
  assert.equal(roll.interval.toMs, 2 * 2 * (2_000 + 5_000 + 5_000));
  const never = predictNeverReady({ ...base, unit: aUnit(2) });
  assert.equal(never.interval.fromMs, 2_000);
});
