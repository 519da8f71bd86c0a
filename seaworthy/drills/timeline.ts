import type { Sample } from "../load/load.ts";
import { isFailure, NOTHING } from "../load/window.ts";
import type { ClassCounts, RunMoments } from "../record/evidence.ts";
import type { RequestClass } from "../system/system.ts";

/** A run second by second, by when requests were due, ready to be drawn. */
export interface Timeline {
  readonly bucketMs: number;
  readonly buckets: readonly Bucket[];
  readonly moments: RunMoments;
}

export interface Bucket {
  /** On the generator's clock. */
  readonly fromMs: number;
  readonly sent: number;
  readonly failed: ClassCounts;
  /** Undefined: nothing was answered. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

const SECOND_MS = 1_000;
/** A line of the chart is about so many points wide: more would be drawn over each other. */
const BUCKETS_MAX = 240;
/** Shown after the window, so that what comes back is seen to stay. */
const AFTER_MS = 3_000;

/** Gathers samples as they are read: a run may be too long to be held whole. */
export class TimelineMaker {
  readonly #moments: RunMoments;
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #bucketMs: number;
  readonly #sent: Map<number, { sent: number; failed: Counts; latencies: number[] }> = new Map();

  constructor(moments: RunMoments) {
    this.#moments = moments;
    this.#fromMs = Math.floor(moments.baselineFromMs / SECOND_MS) * SECOND_MS;
    this.#toMs = Math.max(moments.windowToMs, moments.undoneMs ?? 0) + AFTER_MS;
    const seconds = Math.max(1, Math.ceil((this.#toMs - this.#fromMs) / SECOND_MS));
    this.#bucketMs = Math.ceil(seconds / BUCKETS_MAX) * SECOND_MS;
  }

  add(sample: Sample): void {
    const { dueMs, endMs } = sample;
    if (dueMs < this.#fromMs || dueMs >= this.#toMs) return;
    const at = Math.floor((dueMs - this.#fromMs) / this.#bucketMs);
    const bucket = this.#sent.get(at) ?? { sent: 0, failed: { ...NOTHING }, latencies: [] };
    this.#sent.set(at, bucket);
    bucket.sent += 1;
    if (isFailure(sample)) bucket.failed[sample.class] += 1;
    if (sample.class === "stream" || endMs === undefined) return;
    const isAnswer = sample.outcome === "ok" || sample.failure === "timeout";
    if (isAnswer) bucket.latencies.push(endMs - dueMs);
  }

  timeline(): Timeline {
    const count = Math.ceil((this.#toMs - this.#fromMs) / this.#bucketMs);
    const buckets = Array.from({ length: count }, (_, at): Bucket => {
      const { sent, failed, latencies } = this.#sent.get(at) ?? {
        sent: 0,
        failed: NOTHING,
        latencies: [],
      };
      const sorted = latencies.toSorted((a, b) => a - b);
      const fromMs = this.#fromMs + at * this.#bucketMs;
      return { fromMs, sent, failed, p50Ms: rank(sorted, 0.5), p99Ms: rank(sorted, 0.99) };
    });
    // The load ends with the window: what nobody asked for is no silence.
    const last = buckets.findLastIndex(({ sent }) => sent > 0);
    const drawn = last < 0 ? buckets : buckets.slice(0, last + 1);
    return { bucketMs: this.#bucketMs, buckets: drawn, moments: this.#moments };
  }
}

type Counts = Record<RequestClass, number>;

/** Nearest rank: a value that was really measured. */
function rank(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
