import { build, type Histogram } from "hdr-histogram-js";
import type { LatencySummary } from "../record/evidence.ts";

/** 1 µs to 60 s at 3 significant digits (`research/resilience.md` §3); values are microseconds. */
const LOWEST_US = 1;
const HIGHEST_US = 60_000_000;
const SIGNIFICANT_DIGITS = 3;

/** Latencies in milliseconds; anything beyond 60 s counts as 60 s. */
export class LatencyHistogram {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: LOWEST_US,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
  });

  record(ms: number): void {
    const us = Math.round(ms * 1_000);
    this.#histogram.recordValue(Math.min(HIGHEST_US, Math.max(LOWEST_US, us)));
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** Milliseconds; 0 when nothing was recorded. */
  percentileMs(percentile: number): number {
    if (this.count === 0) return 0;
    return this.#histogram.getValueAtPercentile(percentile) / 1_000;
  }

  summary(): LatencySummary {
    return {
      count: this.count,
      p50Ms: this.percentileMs(50),
      p95Ms: this.percentileMs(95),
      p99Ms: this.percentileMs(99),
      maxMs: this.count === 0 ? 0 : this.#histogram.maxValue / 1_000,
    };
  }
}

/** Percentiles of these latencies in milliseconds. */
export function summarise(latenciesMs: Iterable<number>): LatencySummary {
  const histogram = new LatencyHistogram();
  for (const ms of latenciesMs) histogram.record(ms);
  return histogram.summary();
}
