import type { ServiceUnit } from "../plan/graph.ts";
import type { LoadResult, LoadRun, Sample } from "../load/load.ts";
import { LatencyHistogram } from "../load/histogram.ts";
import type { RequestClass } from "../system/system.ts";
import { errorsIn } from "./regression.ts";
import type { ProbeSummary } from "./outcome.ts";
import { endOwn, harmless, type Sender, sendOwn } from "./own-requests.ts";
import type { Operation } from "./steps.ts";

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
  #sent = { requests: 0, failed: 0 };
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
    this.#sent = { requests: this.#sent.requests + sent, failed: this.#sent.failed + failed };
    return hasSwitched ? this.#complaint(this.#seen) : undefined;
  }

  /** All that it sent so far, and what of it failed. */
  get sent(): { readonly requests: number; readonly failed: number } {
    return this.#sent;
  }

  /** What failed so far is known and taken on: only what comes counts from here on. */
  countAnew(): void {
    if (this.#switchedMs === undefined) return;
    this.#switchedMs = this.#run.nowMs();
    this.#seen = { requests: 0, failed: 0 };
  }

  /** Ends the probe (once; later calls repeat its report) and judges all it saw. */
  async finish(
    operation: Operation,
  ): Promise<{ report: ProbeReport; complaint: string | undefined }> {
    if (this.#report === undefined) {
      const result = await endOwn(operation, this.#run);
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
  sender: Sender,
  unit: ServiceUnit,
  url: string | undefined,
): Promise<RollProbe | string> {
  const { name } = unit;
  if (url === undefined) return `${name} has no inner address: the roll has no probe of its own`;
  const run = await sendOwn(sender, { name, url, mix: [harmless(unit)] });
  return typeof run === "string" ? run : new RollProbe(run, unit.rollout.abort.errorRatio);
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
