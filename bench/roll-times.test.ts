import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event, EventBody } from "../seaworthy/record/event.ts";
import type { Step } from "../seaworthy/record/step.ts";
import { rollTimes } from "./roll-times.ts";

const at = (ms: number, body: EventBody): Event => ({
  at: new Date(1_800_000_000_000 + ms).toISOString(),
  operation: "deploy-1",
  ...body,
});
const begins = (ms: number, step: Step): Event =>
  at(ms, { kind: "step-started", step, deadlineMs: 1_000 });
const start = (ms: number, instance: string): Event =>
  begins(ms, { action: "start", unit: "work", instance, release: "r2" });
const bake = (ms: number, elapsedMs: number): Event =>
  at(ms, {
    kind: "bake",
    unit: "work",
    elapsedMs,
    requests: 1,
    errorRatio: 0,
    p95Ms: undefined,
  });

const ROLL: readonly Event[] = [
  at(0, { kind: "operation-started", verb: "deploy", plan: [] }),
  start(400, "work-4"),
  start(2_400, "work-5"),
  start(6_000, "work-6"),
  bake(8_000, 0),
  bake(9_000, 1_000),
  begins(11_000, { action: "stop", instance: "work-1", graceMs: 1_000 }),
  at(11_500, { kind: "operation-ended", outcome: "done", because: "", tookMs: 11_500 }),
];

test("a roll's steps, its slow one seen, the bake left out of the last", () => {
  const times = rollTimes(ROLL);
  assert.deepEqual(times?.stepMs, [2_000, 3_600, 2_500]);
  assert.equal(times?.withoutBakeMs, 8_500);
  assert.equal(times?.beforeMs, 400);
  assert.equal((times?.bake.toMs ?? 0) - (times?.bake.fromMs ?? 0), 3_000);
});

test("what was no whole roll has no times", () => {
  assert.equal(rollTimes([]), undefined);
  assert.equal(rollTimes(ROLL.slice(0, 4)), undefined);
  assert.equal(rollTimes(ROLL.filter((event) => event.kind !== "bake")), undefined);
});
