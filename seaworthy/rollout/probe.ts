import { join } from "node:path";
import type { ServiceUnit } from "../plan/graph.ts";
import type { LoadResult, LoadRun, Sample, StartLoad } from "../load/load.ts";
import { LatencyHistogram } from "../load/histogram.ts";
import type { RequestClass } from "../system/system.ts";
import { errorsIn } from "./bake.ts";
import type { ProbeSummary } from "./outcome.ts";
import type { Operation } from "./steps.ts";
import { bounded } from "./wait.ts";

/** Enough to see one lost request in 50 ms, too little to be felt by any service. */
const PROBE_RATE_PER_S = 20;
const PROBE_TIMEOUT_MS = 5_000;
/** Some requests open a new connection: a refused one would hide behind kept-alive ones. */
const PROBE_FRESH_CONNECTIONS = 0.2;
/** The generator ends by itself after this even if we are killed. */
const PROBE_MS_MAX = 1_800_000;
/** Stopping waits for what is open (client time-out) and reads the samples. */
const FINISH_MS = PROBE_TIMEOUT_MS + 20_000;
const START_MS = 15_000;
/** `lastSecond` covers one second: looking more often would count requests twice. */
const LOOK_EVERY_MS = 1_000;

/** What one unit's probe saw, once it ended. */
export interface ProbeReport {
  readonly samples: readonly Sample[];
  /** Why its figures prove less than they seem to, or undefined. */
  readonly doubt: string | undefined;
}

/** One roll's own requests (architecture §14), from before the first switch to the bake's end. */
export class RollProbe {
  readonly #run: LoadRun;
  readonly #errorRatioMax: number;
  #lookedMs = 0;
  #switchedMs: number | undefined;
  #seen = { requests: 0, failed: 0 };
  #failedBefore = false;
  #report: ProbeReport | undefined;

  constructor(run: LoadRun, errorRatioMax: number) {
    this.#run = run;
    this.#errorRatioMax = errorRatioMax;
  }

  /** Why the roll should go back, or undefined. `hasSwitched`: new instances take requests. */
  look(hasSwitched: boolean): string | undefined {
    const nowMs = this.#run.nowMs();
    if (hasSwitched && this.#switchedMs === undefined) this.#beginsToCount(nowMs);
    if (nowMs - this.#lookedMs < LOOK_EVERY_MS) return undefined;
    this.#lookedMs = nowMs;
    const { sent, failed } = this.#run.lastSecond();
    this.#seen = { requests: this.#seen.requests + sent, failed: this.#seen.failed + failed };
    return hasSwitched ? this.#complaint(this.#seen) : undefined;
  }

  /** Ends the probe (once; later calls repeat its report) and judges all it saw. */
  async finish(
    operation: Operation,
  ): Promise<{ report: ProbeReport; complaint: string | undefined }> {
    if (this.#report === undefined) {
      const limits = { what: "the probe to end", ms: FINISH_MS, signal: operation.signal };
      const result = await bounded(operation, limits, () => this.#run.finish());
      this.#report = { samples: result.samples, doubt: doubtIn(result) };
    }
    const report = this.#report;
    const since = this.#switchedMs ?? Number.POSITIVE_INFINITY;
    const counted = report.samples.filter((sample) => sample.dueMs >= since);
    const failed = counted.filter((sample) => sample.outcome !== "ok").length;
    return { report, complaint: this.#complaint({ requests: counted.length, failed }) };
  }

  #beginsToCount(nowMs: number): void {
    this.#switchedMs = nowMs;
    // A probe that failed while only the old release served says nothing against the new one.
    this.#failedBefore = errorsIn(this.#seen, this.#errorRatioMax) !== undefined;
    this.#seen = { requests: 0, failed: 0 };
    this.#lookedMs = nowMs;
  }

  #complaint(seen: { requests: number; failed: number }): string | undefined {
    if (this.#failedBefore) return undefined;
    const because = errorsIn(seen, this.#errorRatioMax);
    return because === undefined ? undefined : `the roll's own probe: ${because}`;
  }
}

/** Starts a unit's probe on its inner address; a text says why there is none. */
export async function startProbe(
  operation: Operation & { readonly startLoad: StartLoad | undefined; readonly scratch: string },
  unit: ServiceUnit,
  url: string | undefined,
): Promise<RollProbe | string> {
  const { startLoad, scratch } = operation;
  if (startLoad === undefined) return "no generator was given: the roll has no probe of its own";
  if (url === undefined)
    return `${unit.name} has no inner address: the roll has no probe of its own`;
  const { method, path } = unit.probe;
  const plan = {
    url,
    ratePerSecond: PROBE_RATE_PER_S,
    mix: [{ method, path, headers: {}, body: undefined, weight: 1, class: "safe" as const }],
    timeoutMs: PROBE_TIMEOUT_MS,
    seed: 1,
    run: `${operation.operation}-${unit.name}`,
    durationMsMax: PROBE_MS_MAX,
    freshConnections: PROBE_FRESH_CONNECTIONS,
    samplesFile: join(scratch, `probe-${unit.name}.ndjson`),
  };
  const limits = { what: `${unit.name}'s probe`, ms: START_MS, signal: operation.signal };
  try {
    // The run's signal outlives the wait for its start.
    const run = await bounded(operation, limits, () => startLoad(plan, operation.signal));
    return new RollProbe(run, unit.rollout.abort.errorRatio);
  } catch (error) {
    if (operation.signal.aborted) throw error;
    return `the probe could not start: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** All units' probes as one summary; undefined when none ran. */
export function summaryOf(reports: readonly ProbeReport[]): ProbeSummary | undefined {
  if (reports.length === 0) return undefined;
  const samples = reports.flatMap((report) => report.samples);
  const latencies = new LatencyHistogram();
  const failed: Record<RequestClass, number> = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };
  const versions: Record<string, number> = {};
  for (const sample of samples) {
    if (sample.outcome !== "ok") failed[sample.class] += 1;
    else if (sample.endMs !== undefined) latencies.record(sample.endMs - sample.dueMs);
    if (sample.release !== undefined) {
      versions[sample.release] = (versions[sample.release] ?? 0) + 1;
    }
  }
  const { p50Ms, p99Ms } = latencies.summary();
  return { sent: samples.length, failed, p50Ms, p99Ms, versions };
}

function doubtIn({ check }: LoadResult): string | undefined {
  if (check.ok) return undefined;
  const lag = `send lag p99 ${Math.round(check.sendLagP99Ms)} ms`;
  return `the probe's generator could not keep time (${lag}): its latencies prove nothing`;
}
