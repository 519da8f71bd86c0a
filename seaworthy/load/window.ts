import type { ClassCounts, DrillRun, LatencySummary } from "../record/evidence.ts";
import { summarise } from "./histogram.ts";
import type { Sample } from "./load.ts";

/** A stretch of the generator's clock: from inclusive, to exclusive. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What fell due in the span. */
export function dueWithin(samples: readonly Sample[], span: Span): readonly Sample[] {
  return samples.filter(({ dueMs }) => dueMs >= span.fromMs && dueMs < span.toMs);
}

/**
 * What was due or still open in the span: requests in flight at an injection fell due before it,
 * and are the first that it can hurt.
 */
export function touching(samples: readonly Sample[], span: Span): readonly Sample[] {
  return samples.filter(
    ({ dueMs, endMs }) => dueMs < span.toMs && (endMs === undefined || endMs >= span.fromMs),
  );
}

/** Counts as a failure in a ratio; a stream that still flowed when the load ended does not. */
export function isFailure(sample: Sample): boolean {
  if (sample.outcome === "ok") return false;
  return !(sample.class === "stream" && isOpen(sample));
}

function isOpen(sample: Sample): boolean {
  return sample.endMs === undefined && sample.failure === undefined;
}

export const NOTHING: ClassCounts = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };

export function countByClass(samples: Iterable<Sample>): ClassCounts {
  const counts = { ...NOTHING };
  for (const sample of samples) counts[sample.class] += 1;
  return counts;
}

export function failedByClass(samples: readonly Sample[]): ClassCounts {
  return countByClass(samples.filter(isFailure));
}

export function total(counts: ClassCounts): number {
  return counts.safe + counts.idempotent + counts.unsafe + counts.stream;
}

/**
 * Latency from the due time of what was answered, and of time-outs at their value. Other failures
 * are counted as failures only: a quick refusal must not make latency look better. Streams have no
 * latency here; how long they flow is what they were asked for.
 */
export function latencyOf(samples: readonly Sample[]): LatencySummary {
  return summarise(latencies(samples));
}

function* latencies(samples: readonly Sample[]): Iterable<number> {
  for (const { class: kind, outcome, failure, dueMs, endMs } of samples) {
    if (kind === "stream" || endMs === undefined) continue;
    if (outcome === "ok" || failure === "timeout") yield endMs - dueMs;
  }
}

/** Failed ratio above which a second is a bad one (`research/resilience.md` §3). */
const BAD_SECOND_RATIO = 0.01;
const SECOND_MS = 1_000;

export interface Outage {
  readonly figures: DrillRun["outage"];
  /** False: the span ended before a steady stretch did; `unavailableMs` is then a lower bound. */
  readonly steadyAgain: boolean;
  /** Start of the steady stretch; the span's start when nothing failed. */
  readonly steadyFromMs: number;
}

export interface OutageRule {
  readonly span: Span;
  /** So long a stretch within `ratio` ends the unavailability. */
  readonly steadyMs: number;
  readonly ratio: number;
}

/** The numbers of an outage; no single one works (`research/resilience.md` §3). */
export function outageOf(samples: readonly Sample[], rule: OutageRule): Outage {
  const ordered = samples.toSorted((a, b) => a.dueMs - b.dueMs);
  const first = ordered.find(isFailure);
  const steadyFromMs = first === undefined ? rule.span.fromMs : steadyFrom(ordered, first, rule);
  const toMs = steadyFromMs ?? rule.span.toMs;
  return {
    figures: {
      longestGapMs: longestGapMs(ordered, rule.span),
      badSeconds: badSeconds(ordered, rule.span),
      unavailableMs: first === undefined ? 0 : Math.max(0, toMs - first.dueMs),
    },
    steadyAgain: steadyFromMs !== undefined,
    steadyFromMs: toMs,
  };
}

/** The longest time in which nothing succeeded, the span's edges included. */
export function longestGapMs(samples: readonly Sample[], span: Span): number {
  const ends = samples
    .filter((sample) => sample.outcome === "ok" && sample.endMs !== undefined)
    .map((sample) => Math.min(span.toMs, Math.max(span.fromMs, sample.endMs ?? span.fromMs)))
    .toSorted((a, b) => a - b);
  let previous = span.fromMs;
  let longest = 0;
  for (const end of [...ends, span.toMs]) {
    longest = Math.max(longest, end - previous);
    previous = end;
  }
  return longest;
}

/** Seconds, by due time, in which over 1 % failed; what was due before the span is the first's. */
export function badSeconds(samples: readonly Sample[], span: Span): number {
  const buckets = new Map<number, { sent: number; failed: number }>();
  for (const sample of samples) {
    const second = Math.max(0, Math.floor((sample.dueMs - span.fromMs) / SECOND_MS));
    const bucket = buckets.get(second) ?? { sent: 0, failed: 0 };
    bucket.sent += 1;
    if (isFailure(sample)) bucket.failed += 1;
    buckets.set(second, bucket);
  }
  return [...buckets.values()].filter(({ sent, failed }) => failed / sent > BAD_SECOND_RATIO)
    .length;
}

/** Due time from which a whole stretch stays within the ratio; undefined when none ends in time. */
function steadyFrom(
  ordered: readonly Sample[],
  first: Sample,
  rule: OutageRule,
): number | undefined {
  const failures = [0];
  for (const sample of ordered) failures.push((failures.at(-1) ?? 0) + (isFailure(sample) ? 1 : 0));
  let end = 0;
  for (const [at, sample] of ordered.entries()) {
    const before = ordered[at - 1];
    // A stretch can only begin right after a failure: anything later would begin earlier.
    if (before === undefined || !isFailure(before) || sample.dueMs < first.dueMs) continue;
    const toMs = sample.dueMs + rule.steadyMs;
    if (toMs > rule.span.toMs) return undefined;
    while ((ordered[end]?.dueMs ?? toMs) < toMs) end += 1;
    const failed = (failures[end] ?? 0) - (failures[at] ?? 0);
    if (!isFailure(sample) && failed <= rule.ratio * (end - at)) return sample.dueMs;
  }
  return undefined;
}
