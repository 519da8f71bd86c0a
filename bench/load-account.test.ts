import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../seaworthy/load/load.ts";
import { failureKinds, generatorDoubt, mostOpen } from "./load-account.ts";

const aSample = (sentMs: number, over: Partial<Sample> = {}): Sample => ({
  index: sentMs,
  class: "safe",
  dueMs: sentMs,
  sentMs,
  endMs: sentMs + 20,
  outcome: "ok",
  status: 200,
  failure: undefined,
  write: undefined,
  instance: "work-1",
  release: "r1",
  ...over,
});

test("counts what was open at a time, and what never ended as open", () => {
  assert.equal(mostOpen([]), 0);
  assert.equal(mostOpen([aSample(0), aSample(20), aSample(40)]), 1);
  assert.equal(mostOpen([aSample(0), aSample(10), aSample(15), aSample(30)]), 3);
  assert.equal(mostOpen([aSample(0, { endMs: undefined }), aSample(100), aSample(200)]), 2);
});

test("failures are told by class, kind, status and when they were due", () => {
  const lost = { outcome: "failed", failure: "reset", status: undefined } as const;
  const samples = [
    aSample(10),
    aSample(20, { ...lost, instance: undefined }),
    aSample(40, { ...lost, instance: undefined }),
    aSample(50, { outcome: "failed", failure: "status", status: 502 }),
  ];
  assert.equal(
    failureKinds(samples),
    "safe reset - - ×2 due at 20–40 ms; safe status 502 work-1 ×1 due at 50 ms",
  );
});

test("a generator that was late makes a run prove nothing", () => {
  const check = { sendLagP99Ms: 3, cpuRatio: 0.1, loadAverage: 0.5, ok: true };
  assert.equal(generatorDoubt(check), undefined);
  const late = generatorDoubt({ ...check, sendLagP99Ms: 12.3, ok: false });
  assert.match(late ?? "", /send lag p99 12\.3 ms/);
});
