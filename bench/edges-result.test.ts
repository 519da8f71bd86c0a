import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../seaworthy/load/load.ts";
import { barsOf, cellOf, EVENTS, resultOf } from "./edges-result.ts";
import { reportOf } from "./report.ts";
import { describeMachine } from "./machine.ts";

const CHECK = { sendLagP99Ms: 1, cpuRatio: 0.1, loadAverage: 0.5, ok: true };

function aSample(dueMs: number, change: Partial<Sample> = {}): Sample {
  return {
    ...{ index: dueMs, class: "safe", dueMs, sentMs: dueMs, endMs: dueMs + 25, outcome: "ok" },
    ...{ status: 200, failure: undefined, write: undefined, instance: undefined },
    ...{ release: undefined, ...change },
  };
}

function aResult(
  provider: "gateway" | "nginx",
  samples: readonly Sample[],
  { doubled = 0, broke }: { doubled?: number; broke?: string } = {},
): ReturnType<typeof resultOf> {
  const writes = { ok: 5, failed: 0, unknown: 0, unknownApplied: 0, lost: 0, doubled };
  return resultOf({
    ...{ provider, event: "roll", ratePerSecond: 200 },
    load: { samples, check: CHECK },
    steady: { fromMs: 0, toMs: 1_000 },
    window: { fromMs: 1_000, toMs: 2_000 },
    audit: { writes, lost: [], doubled: [], phantom: [] },
    cpu: { edge: 20, front: 10, tool: 0, services: 0 },
    broke,
  });
}

const reset = aSample(1_500, { outcome: "failed", failure: "reset", status: undefined });

test("what fell due before the event is no loss of it", () => {
  const early = { ...reset, dueMs: 500 };
  assert.equal(aResult("gateway", [early, aSample(1_200)]).figures["failed"], 0);
  assert.equal(aResult("gateway", [reset, aSample(1_200)]).figures["reset"], 1);
});

test("what an event that broke has lost is shown, and proves nothing", () => {
  const { figures, doubt } = aResult("gateway", [reset], { broke: "deploy ended with 4" });
  assert.equal(figures["reset"], 1);
  assert.equal(doubt, "deploy ended with 4");
});

test("writes that time out are in the p99, and not in that of reads", () => {
  const late = { class: "unsafe", outcome: "failed", failure: "timeout", endMs: 6_500 } as const;
  const { figures } = aResult("nginx", [aSample(1_200), aSample(1_500, late)]);
  assert.ok((figures["p99Ms"] ?? 0) > 4_000);
  assert.ok((figures["readsP99Ms"] ?? 0) < 30);
});

test("CPU is that of whoever takes the users' requests", () => {
  assert.equal(aResult("gateway", []).figures["cpuMicrosPerRequest"], 100);
  assert.equal(aResult("nginx", []).figures["cpuMicrosPerRequest"], 50);
});

test("one request lost in a roll misses the gateway's bar, and is a figure of the others", () => {
  const verdicts = (provider: "gateway" | "nginx", doubled = 0) =>
    reportOf(
      {
        runs: Array.from({ length: 10 }, () => aResult(provider, [reset], { doubled })),
        bars: barsOf(provider, "roll"),
        notRun: [],
      },
      {
        ...{ bench: "edges", command: "", seed: 1, date: "", tookSeconds: 1, interrupted: false },
        commit: "",
        machine: { ...describeMachine(), loadAverageBefore: [], loadAverageAfter: [] },
      },
    ).bars.map(({ bar, verdict }) => `${bar}: ${verdict}`);
  assert.ok(verdicts("gateway").includes("requests failed: not met"));
  assert.ok(!verdicts("nginx").some((one) => one.includes("not met")));
  assert.ok(verdicts("nginx", 1).includes("writes applied twice: not met"), "no edge may do that");
});

test("each cell has bars, and a name that says both its parts", () => {
  for (const event of EVENTS) {
    assert.ok(barsOf("haproxy", event).length >= 2);
    assert.equal(cellOf("haproxy", event), `${event} haproxy`);
  }
});
