const BUCKET_MS = 100;
const BUCKETS = 10;

/** What was sent and what failed in the last second, to a tenth of it. */
export class RecentCounts {
  readonly #sent = new Float64Array(BUCKETS);
  readonly #failed = new Float64Array(BUCKETS);
  #bucket = 0;

  sent(nowMs: number): void {
    this.#count(this.#sent, nowMs);
  }

  failed(nowMs: number): void {
    this.#count(this.#failed, nowMs);
  }

  lastSecond(nowMs: number): { readonly sent: number; readonly failed: number } {
    this.#advance(nowMs);
    return { sent: sum(this.#sent), failed: sum(this.#failed) };
  }

  #count(counts: Float64Array, nowMs: number): void {
    this.#advance(nowMs);
    const at = this.#bucket % BUCKETS;
    counts[at] = (counts[at] ?? 0) + 1;
  }

  #advance(nowMs: number): void {
    const bucket = Math.floor(nowMs / BUCKET_MS);
    const steps = Math.min(BUCKETS, bucket - this.#bucket);
    for (let step = 1; step <= steps; step += 1) {
      const at = (bucket - steps + step) % BUCKETS;
      this.#sent[at] = 0;
      this.#failed[at] = 0;
    }
    this.#bucket = Math.max(this.#bucket, bucket);
  }
}

function sum(counts: Float64Array): number {
  return counts.reduce((total, count) => total + count, 0);
}
