import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BAD_RELEASES,
  type BadReleaseUnit,
  impairmentFor,
  leakBytes,
  servesMsMax,
  takenBack,
} from "./bad-release.ts";

const CHECK = { path: "/ready", everyMs: 300, timeoutMs: 1_000, rise: 1, fall: 2 };

const UNIT: BadReleaseUnit = {
  replicas: 3,
  bootMs: 5_000,
  drainMs: 1_000,
  stopMs: 2_000,
  health: { ...CHECK, path: "/health" },
  ready: CHECK,
  restart: { backoffFirstMs: 300, backoffMaxMs: 500 },
  rollout: {
    strategy: "rolling",
    canary: [],
    surge: 1,
    bakeMs: 4_000,
    bakeRequestsMin: 40,
    abort: { errorRatio: 0.01, p95Factor: 2 },
  },
};

const within = (...asked: Parameters<typeof takenBack>): readonly number[] => {
  const { fromMs, toMs } = takenBack(...asked);
  return [fromMs, toMs];
};

test("one that never takes a request costs its boot, and the stop of one instance", () => {
  assert.deepEqual(within("never-ready", UNIT, true), [5_000, 7_000]);
  assert.deepEqual(within("exiting", UNIT, true), [800, 7_000], "two waits between three ends");
  assert.deepEqual(within("exiting", { ...UNIT, bootMs: 500 }, true), [500, 2_500]);
});

test("where the first works, the second one's boot is waited for, and one wave goes back", () => {
  assert.deepEqual(within("one-works", UNIT, true), [5_000, 5_000 + 8_000 + 3_000]);
});

test("one that serves is judged by the end of its bake, and goes back in waves", () => {
  const thereAndBack = 3 * (5_000 + 1_000 + 2_000) + 2 * 5_000 + 3 * (1_000 + 2_000);
  for (const bad of ["slow", "failing", "grey", "leaking"] as const) {
    assert.deepEqual(within(bad, UNIT, true), [0, thereAndBack + 4_000]);
    assert.deepEqual(within(bad, UNIT, false), [0, thereAndBack + 34_000], "waits for requests");
  }
  assert.deepEqual(within("crashing", UNIT, true), [2_000, 2_000 + thereAndBack]);
  const seen = 2 * (300 + 1_000) + 1_000;
  assert.deepEqual(
    within("unhealthy", UNIT, true),
    [2_000, 2_000 + thereAndBack + seen],
    "the rounds of its check, and its drain",
  );
});

test("more at once are fewer waves", () => {
  const surge = { ...UNIT, rollout: { ...UNIT.rollout, surge: 3 } };
  assert.deepEqual(within("failing", surge, true), [0, 8_000 + 4_000 + 3_000]);
});

test("blue-green is one wave and goes back without a boot; a canary is watched at shares", () => {
  const { rollout } = UNIT;
  const green = { ...UNIT, rollout: { ...rollout, strategy: "blue-green" as const } };
  assert.deepEqual(within("failing", green, true), [0, 8_000 + 4_000 + 3_000]);
  const canary = [{ share: 0.1, bakeMs: 2_000 }];
  const tried = { ...UNIT, rollout: { ...rollout, strategy: "canary" as const, canary } };
  const plain = takenBack("failing", UNIT, true).toMs;
  assert.deepEqual(within("failing", tried, true), [0, plain + 2_000]);
  assert.deepEqual(within("failing", tried, false), [0, plain - 4_000 + 34_000 + 32_000]);
  assert.equal(servesMsMax(UNIT, true), 3 * 8_000 + 4_000);
});

test("no bound is wider than the configured intervals that vary", () => {
  for (const bad of BAD_RELEASES) {
    const { fromMs, toMs, varies } = takenBack(bad, UNIT, true);
    assert.ok(varies.length > 0 && varies.every(({ ms }) => ms >= 0));
    assert.equal(
      toMs - fromMs,
      varies.reduce((all, { ms }) => all + ms, 0),
    );
  }
});

test("slow is ten times what it was, and felt on a service that was quick", () => {
  const slow = (steadyP95Ms: number) =>
    impairmentFor("slow", UNIT, { seed: 1, steadyP95Ms, firstInstance: "api-4" }).ill;
  assert.deepEqual(slow(50), { kind: "slow", delayMs: 450 });
  assert.deepEqual(slow(2), { kind: "slow", delayMs: 100 });
});

test("a leak goes past the limit that is declared, or past what no small service holds", () => {
  const MEBIBYTE = 1_048_576;
  assert.equal(leakBytes({ memoryBytes: 100 * MEBIBYTE }), 125 * MEBIBYTE);
  assert.equal(leakBytes({}), 384 * MEBIBYTE);
});

test("what goes bad later does so in the bake; what works on one instance spares the first", () => {
  const given = { seed: 1, steadyP95Ms: 10, firstInstance: "api-4" };
  for (const bad of BAD_RELEASES) {
    const { onset, spares, checks } = impairmentFor(bad, UNIT, given);
    assert.ok(onset.when === "ready" && onset.afterMs < UNIT.rollout.bakeMs);
    assert.equal(spares, bad === "one-works" ? "api-4" : undefined);
    assert.deepEqual(checks, { health: "/health", ready: "/ready" });
  }
});
