import { aStretch } from "../load/sample.fixture.ts";
import type { RunRecord } from "./finding.ts";

/** A sound run: 3 s of baseline, 15 s of window, 100 requests a second. */
export function aRecord(given: Partial<RunRecord> = {}): RunRecord {
  return {
    samples: aStretch({ fromMs: 0, toMs: 20_000 }),
    check: { sendLagP99Ms: 2, cpuRatio: 0.2, loadAverage: 0.5, ok: true },
    ratePerSecond: 100,
    warmUpMs: 2_000,
    baseline: { fromMs: 2_000, toMs: 5_000 },
    window: { fromMs: 5_000, toMs: 20_000 },
    inFlightOnVictim: { safe: 3, idempotent: 0, unsafe: 1, stream: 2 },
    losesInFlight: true,
    exposureMs: undefined,
    tookMs: undefined,
    restored: { state: "back", afterMs: 1_200 },
    writes: undefined,
    injected: "gone",
    undone: "back",
    undoneMs: 12_000,
    leftBroken: [],
    doubts: [],
    wrongs: [],
    aborted: undefined,
    limits: { errorRatio: 0.001, latencyP95Ms: 500, latencyP99Ms: undefined },
    ...given,
  };
}
