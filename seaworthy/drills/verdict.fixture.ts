import type { DrillRun } from "../record/evidence.ts";
import type { RunFinding } from "./verdict.ts";

/** A run in which nothing failed: 4,500 requests, injected and undone. */
export function aRun(given: Partial<DrillRun> = {}): DrillRun {
  const latency = { count: 4_000, p50Ms: 20, p95Ms: 30, p99Ms: 40, maxMs: 50 };
  return {
    windows: { warmUpMs: 2_000, baselineMs: 3_000, windowMs: 15_000 },
    ratePerSecond: 300,
    sent: { safe: 3_000, idempotent: 0, unsafe: 1_000, stream: 500 },
    failed: { safe: 0, idempotent: 0, unsafe: 0, stream: 0 },
    inFlightOnVictim: { safe: 2, idempotent: 0, unsafe: 1, stream: 4 },
    baseline: latency,
    during: latency,
    outage: { longestGapMs: 20, badSeconds: 0, unavailableMs: 0 },
    exposureMs: undefined,
    restoredMs: 1_200,
    writes: { ok: 1_000, failed: 0, unknown: 0, lost: 0, doubled: 0, unknownApplied: 0 },
    injected: "pid 7 is gone",
    undone: "3 of 3 ready again",
    generator: { sendLagP99Ms: 2, cpuRatio: 0.2, loadAverage: 0.5, ok: true },
    ...given,
  };
}

export function aFinding(
  given: Partial<Omit<RunFinding, "run">> & { readonly run?: Partial<DrillRun> } = {},
): RunFinding {
  return {
    byNature: { safe: 0, idempotent: 0, unsafe: 0, stream: 0 },
    recovery: { recovered: true, afterMs: 1_200 },
    doubts: [],
    wrongs: [],
    aborted: undefined,
    leftBroken: [],
    ...given,
    run: aRun(given.run),
  };
}
