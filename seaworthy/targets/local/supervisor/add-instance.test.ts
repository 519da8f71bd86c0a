import assert from "node:assert/strict";
import { test } from "node:test";
import { addInstance } from "./add-instance.ts";
import { emptyState, type InstanceRecord } from "./state.ts";

const aRecord = (number: number): InstanceRecord => ({
  id: `web-${number}`,
  unit: "web",
  release: "r1",
  port: 20_000 + number,
  routed: false,
  weight: 1,
  isolated: undefined,
  phase: "starting",
  identity: undefined,
  restarts: 0,
  since: "2026-11-20T09:00:00.000Z",
  spawnedWallMs: 0,
  because: undefined,
});

test("starts that are recorded out of turn never make a number free again", () => {
  for (const order of [
    [1, 2, 3],
    [1, 3, 2],
    [3, 2, 1],
  ]) {
    let state = emptyState("owner");
    for (const number of order) state = addInstance(state, aRecord(number), number);
    assert.equal(state.nextInstance["web"], 4, order.join(" "));
    assert.deepEqual(Object.keys(state.instances).toSorted(), ["web-1", "web-2", "web-3"]);
  }
});

test("units count apart, and numbers may be left out", () => {
  let state = addInstance(emptyState("owner"), aRecord(7), 7);
  state = addInstance(state, { ...aRecord(1), id: "api-1", unit: "api" }, 1);
  assert.deepEqual(state.nextInstance, { web: 8, api: 2 });
});
