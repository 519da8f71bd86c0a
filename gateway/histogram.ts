/**
 * Upper bounds of the latency buckets in milliseconds, the last bucket being everything above:
 * steps of 1.2 to 2 from 0.5 ms to 60 s, so that a p95 or p99 is read within half a step.
 */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  0.5, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 25, 30, 40, 50, 70, 100, 150, 200, 250, 300, 400, 500,
  700, 1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000, 15_000, 20_000, 30_000, 60_000,
];

/** Counts per bucket; one longer than `boundsMs`. */
export class Histogram {
  readonly boundsMs = LATENCY_BOUNDS_MS;
  readonly counts: number[] = new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0);
  sumMs = 0;

  /** Returns the bucket it went into. */
  record(ms: number): number {
    let low = 0;
    let high = this.boundsMs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ms <= (this.boundsMs[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    this.counts[low] = (this.counts[low] ?? 0) + 1;
    this.sumMs += ms;
    return low;
  }
}
