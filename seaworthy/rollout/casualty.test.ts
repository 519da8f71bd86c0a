import assert from "node:assert/strict";
import { test } from "node:test";
import { casualty } from "./casualty.ts";
import type { Goal, RollInstance } from "./goal.ts";
import { freshMemory } from "./memory.ts";

const GOAL: Goal = {
  unit: "api",
  from: "r1",
  to: "r2",
  replicas: { from: 1, to: 1 },
  strategy: { surge: 1, warm: 1, shares: [], atOnce: false },
  renewFrom: undefined,
  limits: { bootMs: 1, drainMs: 1, stopMs: 1 },
  proof: "bake",
};

/** Why the roll turns back for `api-2`, which it started, as it is seen now. */
function told(
  seen: Partial<RollInstance>,
  knows: { readonly wasReady?: boolean; readonly startedIt?: boolean } = {},
): string | undefined {
  const { wasReady = false, startedIt = true } = knows;
  const instance: RollInstance = {
    ...{ id: "api-2", release: "r2", state: "starting", routed: false, weight: 1 },
    ...{ isolated: undefined, restarts: 0, because: "exited with code 1" },
    ...seen,
  };
  const memory = {
    ...freshMemory(1_000),
    started: new Map(startedIt ? [["api-2", "r2"]] : []),
    verified: new Set(wasReady ? ["api-2"] : []),
  };
  const world = { instances: [instance], committed: "r1", nextInstance: 3 };
  return casualty({ goal: GOAL, world, memory, nowMs: 0 });
}

test("one that ends thrice before it was ready is given up, and it says how it ended", () => {
  assert.equal(told({ restarts: 2, state: "backing-off" }), undefined);
  const because = "api-2 does not stay up: exited with code 1, 3 times before it was ready";
  assert.equal(told({ restarts: 3, state: "backing-off" }), because);
  // Whoever looks later says the same.
  assert.equal(told({ restarts: 4, state: "starting" }), because);
  assert.match(told({ restarts: 3, because: undefined }) ?? "", /does not stay up: it ended, 3/);
});

test("one that was ready and is down says how it ended, as soon as somebody knows", () => {
  const ready = { wasReady: true };
  const died = "api-2 of the new release died";
  assert.equal(told({ state: "backing-off" }, ready), `${died} (exited with code 1)`);
  // What is said of one that is just gone is of the time before.
  assert.equal(told({ state: "gone", because: "200" }, ready), died);
  assert.equal(
    told({ state: "ready", restarts: 3 }, ready),
    "api-2 of the new release restarted 3 times (exited with code 1)",
  );
  assert.equal(told({ state: "ready", restarts: 2 }, ready), undefined);
});

test("what this run did not start, and what runs another release, says nothing", () => {
  const down = { state: "backing-off", restarts: 9 } as const;
  assert.equal(told(down, { startedIt: false }), undefined);
  assert.equal(told({ ...down, release: "r1" }, { wasReady: true }), undefined);
});
