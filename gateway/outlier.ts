import { LATENCY_BOUNDS_MS } from "./histogram.ts";

/** Fewer answers than this, of one endpoint or of all others together, are not compared. */
export const ANSWERS_MIN = 30;
/** By how much its part of failed tries has to exceed the others' to make it an outlier. */
const FAILED_ABOVE = 0.2;
/** So many times the others' p95, and so much more than it, is slow; */
const SLOW_TIMES = 3;
const SLOW_MORE_MS = 20;
/**
 * and an endpoint is, when this part of its answers are. Not its own p95: where one request in
 * twenty is heavy, chance alone moves that by any factor.
 */
const SLOW_PART = 0.2;
const P95 = 0.95;
/** Comparisons in a row that an endpoint has to lose: one may be a pause of its collector. */
export const STRIKES_MAX = 2;

/**
 * What one endpoint did with the requests of one route since the last comparison. Only requests
 * that it got by turn or by load are in it: what is placed by a key, or asked of one instance by
 * name, says as much about the key as about the instance.
 */
export class Sample {
  /** By bucket of `LATENCY_BOUNDS_MS`. */
  readonly counts: number[] = new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0);
  answered = 0;
  /** 5xx among the answered, and tries that brought no answer. */
  failed = 0;
  lost = 0;
  /** Comparisons lost in a row; not cleared with the rest. */
  strikes = 0;

  answer(bucket: number, isFailed: boolean): void {
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.answered += 1;
    if (isFailed) this.failed += 1;
  }

  lose(): void {
    this.failed += 1;
    this.lost += 1;
  }

  get tries(): number {
    return this.answered + this.lost;
  }

  /** `times` -1 takes it out again. */
  add(other: Sample, times = 1): void {
    for (const [bucket, count] of other.counts.entries()) {
      this.counts[bucket] = (this.counts[bucket] ?? 0) + times * count;
    }
    this.answered += times * other.answered;
    this.failed += times * other.failed;
    this.lost += times * other.lost;
  }

  clear(): void {
    this.counts.fill(0);
    this.answered = 0;
    this.failed = 0;
    this.lost = 0;
  }
}

export type Comparison = "error-rate" | "slow" | "par" | "too-few";

/** Holds each sample against all the others together: the same route, the same time. */
export function compare(samples: readonly Sample[]): readonly Comparison[] {
  const all = new Sample();
  for (const one of samples) all.add(one);
  return samples.map((one) => {
    all.add(one, -1);
    const comparison = compareOne(one, all);
    all.add(one);
    return comparison;
  });
}

function compareOne(one: Sample, others: Sample): Comparison {
  if (one.tries < ANSWERS_MIN || others.tries < ANSWERS_MIN) return "too-few";
  if (one.failed / one.tries - others.failed / others.tries >= FAILED_ABOVE) return "error-rate";
  if (one.answered < ANSWERS_MIN || others.answered < ANSWERS_MIN) return "par";
  const p95Ms = quantileMs(others, P95);
  const slowMs = Math.max(p95Ms * SLOW_TIMES, p95Ms + SLOW_MORE_MS);
  return countAbove(one, slowMs) / one.answered >= SLOW_PART ? "slow" : "par";
}

/** The upper bound of the bucket it lies in. */
function quantileMs(sample: Sample, quantile: number): number {
  let left = sample.answered * quantile;
  for (const [bucket, count] of sample.counts.entries()) {
    left -= count;
    if (left <= 0) return LATENCY_BOUNDS_MS[bucket] ?? Number.POSITIVE_INFINITY;
  }
  return Number.POSITIVE_INFINITY;
}

/** Certainly above: those in buckets that begin there. */
function countAbove(sample: Sample, ms: number): number {
  return sample.counts.reduce((sum, count, bucket) => {
    const fromMs = bucket === 0 ? 0 : (LATENCY_BOUNDS_MS[bucket - 1] ?? 0);
    return fromMs >= ms ? sum + count : sum;
  }, 0);
}
