import type { Measured, MeasuredInstance } from "../targets/target.ts";

/**
 * Counters as last seen, by instance and by the moment they started from zero: an edge that
 * started again begins new ones, and the old ones keep what they had counted.
 */
export type Counters = ReadonlyMap<string, MeasuredInstance>;

/** What some instances answered, added up. */
export interface Tally {
  readonly requests: number;
  readonly failed: number;
  /** Upper bounds in ms and requests in each bucket; the last bucket has no upper bound. */
  readonly latency: { readonly boundsMs: readonly number[]; readonly counts: readonly number[] };
}

export const NO_COUNTERS: Counters = new Map();

export function remember(counters: Counters, measured: Measured): Counters {
  const now = measured.instances.map((instance): readonly [string, MeasuredInstance] => [
    `${measured.since} ${instance.instance}`,
    instance,
  ]);
  return new Map([...counters, ...now]);
}

/** Sums the chosen instances, less what `since` had already counted of them. */
export function tallyOf(
  counters: Counters,
  chosen: (instance: MeasuredInstance) => boolean,
  since: Counters = NO_COUNTERS,
): Tally {
  let sum: Tally = { requests: 0, failed: 0, latency: { boundsMs: [], counts: [] } };
  for (const [key, instance] of counters) {
    if (!chosen(instance)) continue;
    const before = since.get(key);
    sum = added(sum, before === undefined ? single(instance) : less(instance, before));
  }
  return sum;
}

/** Ratio of failed to all; 0 when there were none. */
export function errorRatioOf(tally: Pick<Tally, "requests" | "failed">): number {
  return tally.requests === 0 ? 0 : Math.min(1, tally.failed / tally.requests);
}

/**
 * The 95th percentile, interpolated inside its bucket; undefined without requests. In the last,
 * infinite bucket it is that bucket's lower bound: at least this much.
 */
export function p95Of(tally: Tally): number | undefined {
  const { boundsMs, counts } = tally.latency;
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const wanted = total * 0.95;
  let below = 0;
  for (const [index, count] of counts.entries()) {
    if (below + count >= wanted) {
      const from = boundsMs[index - 1] ?? 0;
      const to = boundsMs[index] ?? Number.POSITIVE_INFINITY;
      if (!Number.isFinite(to)) return from;
      return from + ((to - from) * (wanted - below)) / count;
    }
    below += count;
  }
  return undefined;
}

function single(instance: MeasuredInstance): Tally {
  const { safe, idempotent, unsafe, stream } = instance.failed;
  return {
    requests: instance.requests,
    failed: safe + idempotent + unsafe + stream,
    latency: instance.latency,
  };
}

function less(now: MeasuredInstance, before: MeasuredInstance): Tally {
  const [after, earlier] = [single(now), single(before)];
  return {
    requests: Math.max(0, after.requests - earlier.requests),
    failed: Math.max(0, after.failed - earlier.failed),
    latency: {
      boundsMs: after.latency.boundsMs,
      counts: after.latency.counts.map((count, index) =>
        Math.max(0, count - (earlier.latency.counts[index] ?? 0)),
      ),
    },
  };
}

function added(sum: Tally, more: Tally): Tally {
  const [longer, shorter] =
    sum.latency.counts.length > more.latency.counts.length ? [sum, more] : [more, sum];
  return {
    requests: sum.requests + more.requests,
    failed: sum.failed + more.failed,
    latency: {
      boundsMs: longer.latency.boundsMs,
      counts: longer.latency.counts.map(
        (count, index) => count + (shorter.latency.counts[index] ?? 0),
      ),
    },
  };
}
