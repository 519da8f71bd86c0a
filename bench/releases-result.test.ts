import assert from "node:assert/strict";
import { test } from "node:test";
import type { BadReleaseUnit } from "../seaworthy/drills/bad-release.ts";
import type { Sample } from "../seaworthy/load/load.ts";
import { judgeBar } from "./bar.ts";
import { barsOf, resultOf, type Seen } from "./releases-result.ts";

const CHECK = { path: "/ready", everyMs: 500, timeoutMs: 1_000, rise: 1, fall: 3 };
const UNIT: BadReleaseUnit = {
  ...{ replicas: 2, bootMs: 5_000, drainMs: 1_000, stopMs: 1_000, health: CHECK, ready: CHECK },
  restart: { backoffFirstMs: 250, backoffMaxMs: 2_000 },
  rollout: {
    ...{ strategy: "rolling", canary: [], surge: 1, bakeMs: 2_000, bakeRequestsMin: 10 },
    abort: { errorRatio: 0.01, p95Factor: 2 },
  },
};

const ended = (code: number, stdout: unknown) => ({
  ...{ code, stdout: JSON.stringify(stdout), stderr: "", wallMs: 1 },
});
const INSTANCE = { state: "ready", routed: true, release: "r1" };
const statusOf = (...instances: readonly (typeof INSTANCE)[]) =>
  ended(0, { units: [{ name: "work", release: "r1", instances }] });

function answers(outcome: Sample["outcome"], kind: Sample["class"]): Sample {
  const unsaid = { failure: undefined, write: undefined, instance: undefined, release: undefined };
  const times = { dueMs: 4_000, sentMs: 4_000, endMs: 4_020 };
  return { index: 1, class: kind, ...times, outcome, status: 500, ...unsaid };
}

function readings(change: Partial<Seen>, bad: "failing" | "never-ready" = "never-ready") {
  const seen: Seen = {
    load: {
      samples: [answers("ok", "safe")],
      check: { sendLagP99Ms: 1, cpuRatio: 0.1, loadAverage: 1, ok: true },
    },
    ended: ended(4, { because: "taken back", seconds: 5.5 }),
    status: statusOf(INSTANCE, INSTANCE),
    during: { fromMs: 3_000, toMs: 9_000 },
    warmUpMs: 2_000,
    ...change,
  };
  const result = resultOf({ bad, unit: UNIT }, seen);
  return barsOf(bad).map(({ name, runsNeeded }) => {
    const reading = result.readings[name];
    assert.ok(reading !== undefined, name);
    const all = Array.from({ length: runsNeeded }, () => ({ ...reading, doubt: result.doubt }));
    return `${judgeBar(all, runsNeeded).verdict}: ${name}`;
  });
}

test("taken back in time, nothing lost, what was committed serves: all bars are met", () => {
  assert.ok(
    readings({}).every((one) => one.startsWith("met")),
    readings({}).join("\n"),
  );
});

test("each bar is missed by what it speaks of", () => {
  const missed = (change: Partial<Seen>): readonly string[] =>
    readings(change).filter((one) => one.startsWith("not met"));
  assert.match(missed({ ended: ended(0, { seconds: 5 }) }).join(), /exit 4$/);
  assert.match(missed({ status: statusOf(INSTANCE) }).join(), /committed release/);
  const other = { ...INSTANCE, release: "r2" };
  assert.match(missed({ status: statusOf(INSTANCE, INSTANCE, other) }).join(), /committed/);
  assert.match(missed({ ended: ended(4, { seconds: 8.1 }) }).join(), /taken back after/);
  const load = {
    samples: [answers("failed", "safe")],
    check: { sendLagP99Ms: 1, cpuRatio: 0.1, loadAverage: 1, ok: true },
  };
  assert.match(missed({ load }).join(), /safe or idempotent/);
});

test("what answers errors is asked until it is found out: its failures are counted", () => {
  const samples = [answers("failed", "safe"), answers("failed", "unsafe")];
  const check = { sendLagP99Ms: 1, cpuRatio: 0.1, loadAverage: 1, ok: true };
  const all = readings({ load: { samples, check } }, "failing");
  assert.equal(all.length, 3);
  assert.ok(
    all.every((one) => one.startsWith("met")),
    all.join("\n"),
  );
});

test("a generator that was late proves nothing", () => {
  const check = { sendLagP99Ms: 50, cpuRatio: 0.1, loadAverage: 9, ok: false };
  const all = readings({ load: { samples: [answers("ok", "safe")], check } });
  assert.ok(
    all.every((one) => one.startsWith("could not verify")),
    all.join("\n"),
  );
});
