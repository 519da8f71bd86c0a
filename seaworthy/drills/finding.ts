import type { Sample } from "../load/load.ts";
import {
  countByClass,
  dueWithin,
  failedByClass,
  isFailure,
  latencyOf,
  NOTHING,
  outageOf,
  type Outage,
  type OutageRule,
  type Span,
  total,
  touching,
} from "../load/window.ts";
import type {
  ClassCounts,
  DrillRun,
  GeneratorCheck,
  InstanceCapacity,
  RunJudged,
  RunMoments,
  StoppedRequests,
  WriteAudit,
} from "../record/evidence.ts";
import type { Recovery, RunFinding } from "./verdict.ts";

/** What was seen of one run, by clocks of one machine. */
export interface RunRecord {
  readonly samples: readonly Sample[];
  readonly check: GeneratorCheck;
  readonly ratePerSecond: number;
  readonly warmUpMs: number;
  readonly baseline: Span;
  /** From injection (or the roll's start), on the generator's clock. */
  readonly window: Span;
  /** Undefined: the target could not say. */
  readonly inFlightOnVictim: ClassCounts | undefined;
  /** From the window's start until the fault was seen done. */
  readonly struckForMs?: number;
  /** Requests and streams in flight on the victim are lost by nature. */
  readonly losesInFlight: boolean | "everything";
  /** What must go on while it is broken; what is judged is that alone. Undefined: all of it. */
  readonly goesOn?: ((sample: Sample) => boolean) | undefined;
  /** Where the rest recovers: the undo. Undefined: the injection, where nothing is stopped. */
  readonly recoversFromMs?: number | undefined;
  /** What a spike sheds; undefined: what does not go on is counted. */
  readonly stopped?: StoppedRequests | undefined;
  readonly capacity?: InstanceCapacity | undefined;
  readonly connections?: number | undefined;
  readonly exposureMs: number | undefined;
  readonly tookMs: number | undefined;
  readonly restored: Restored;
  readonly writes: WriteAudit | undefined;
  readonly injected: string | undefined;
  readonly undone: string | undefined;
  readonly undoneMs: number | undefined;
  readonly leftBroken: readonly string[];
  readonly doubts: readonly string[];
  readonly wrongs: readonly string[];
  readonly aborted: string | undefined;
  readonly limits: BaselineLimits;
}

/** Redundancy: back after so long, not back in all that time, or nothing was taken away. */
export type Restored =
  | { readonly state: "back"; readonly afterMs: number }
  | { readonly state: "not-back"; readonly notAfterMs: number }
  | { readonly state: "not-asked" };

/** What must hold before anything is broken; undefined: not declared. */
export interface BaselineLimits {
  readonly errorRatio: number | undefined;
  readonly latencyP95Ms: number | undefined;
  readonly latencyP99Ms: number | undefined;
}

/** A stretch this long without trouble ends an outage (`research/resilience.md` §3). */
const STEADY_MS = 10_000;
/** In a window that is shorter than twice that, a third of it. */
const STEADY_SHARE = 3;
/** Where no error ratio is declared: what counts as steady. */
const STEADY_RATIO = 0.001;

/** Samples and moments → figures; nothing is judged yet. */
export function findingOf(record: RunRecord): RunFinding {
  const { window } = record;
  // In flight at injection: due before the window, and the first that the fault can hurt.
  const { goesOn = () => true } = record;
  const hurt = touching(record.samples.filter(goesOn), window);
  const failed = failedByClass(hurt);
  const windowMs = window.toMs - window.fromMs;
  const rule = {
    span: window,
    steadyMs: Math.min(STEADY_MS, windowMs / STEADY_SHARE),
    ratio: record.limits.errorRatio ?? STEADY_RATIO,
  };
  const outage = outageOf(hurt, rule);
  // What the fault hurt is not the baseline's, although it was due in it.
  const hurtToo = new Set(hurt);
  const baseline = dueWithin(record.samples, record.baseline).filter((one) => !hurtToo.has(one));
  const inFlight = inFlightOf(record);
  const byNature = lostByNature(record.losesInFlight, { failed, inFlight });
  const recovery = recoveryOf(record, { outage, rule });
  const stopped = record.stopped ?? stoppedOf(record);
  const { capacity, connections } = record;
  const doubts = [...record.doubts, ...baselineDoubts(baseline, record.limits)];
  const { wrongs, aborted, leftBroken } = record;
  const run: DrillRun = {
    windows: {
      warmUpMs: record.warmUpMs,
      baselineMs: record.baseline.toMs - record.baseline.fromMs,
      windowMs,
    },
    ratePerSecond: record.ratePerSecond,
    sent: countByClass(hurt),
    failed,
    inFlightOnVictim: inFlight,
    baseline: latencyOf(baseline),
    during: latencyOf(hurt),
    outage: outage.figures,
    outageOf: outagesOf(hurt, rule),
    exposureMs: record.exposureMs,
    restoredMs: record.restored.state === "back" ? record.restored.afterMs : undefined,
    ...(record.tookMs === undefined ? {} : { tookMs: record.tookMs }),
    ...(stopped === undefined ? {} : { stopped }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(connections === undefined ? {} : { connections }),
    writes: record.writes,
    moments: momentsOf(record),
    judged: judgedOf({ byNature, recovery, doubts, wrongs, aborted }),
    injected: record.injected,
    undone: record.undone,
    generator: record.check,
  };
  return { run, byNature, recovery, doubts, wrongs, aborted, leftBroken };
}

/** Reads and writes apart: a cache or a replica may go on to answer what changes nothing. */
function outagesOf(hurt: readonly Sample[], rule: OutageRule): NonNullable<DrillRun["outageOf"]> {
  const reads = hurt.filter((sample) => sample.class === "safe");
  const writes = hurt.filter((one) => one.class === "unsafe" || one.class === "idempotent");
  return {
    ...(reads.length === 0 ? {} : { reads: outageOf(reads, rule).figures }),
    ...(writes.length === 0 ? {} : { writes: outageOf(writes, rule).figures }),
  };
}

function momentsOf({ baseline, window, undoneMs }: RunRecord): RunMoments {
  return {
    baselineFromMs: baseline.fromMs,
    windowFromMs: window.fromMs,
    windowToMs: window.toMs,
    ...(undoneMs === undefined ? {} : { undoneMs }),
  };
}

type Judged = Pick<RunFinding, "byNature" | "recovery" | "doubts" | "wrongs" | "aborted">;

function judgedOf({ byNature, recovery, doubts, wrongs, aborted }: Judged): RunJudged {
  return {
    byNature,
    recovered: recovery.recovered,
    recoveryMs: recovery.recovered ? recovery.afterMs : recovery.notAfterMs,
    doubts,
    wrongs,
    ...(aborted === undefined ? {} : { aborted }),
  };
}

/** A run as the record keeps it; undefined where an older version kept less than it takes. */
export function keptFinding(run: DrillRun): RunFinding | undefined {
  const { judged } = run;
  if (judged === undefined) return undefined;
  const { byNature, recovered, recoveryMs, doubts, wrongs, aborted } = judged;
  const recovery = recovered
    ? ({ recovered, afterMs: recoveryMs } as const)
    : ({ recovered, notAfterMs: recoveryMs } as const);
  return { run, byNature, recovery, doubts, wrongs, aborted, leftBroken: [] };
}

/** What a fault stops by nature, from injection to undo; undefined: it is to stop nothing. */
function stoppedOf(record: RunRecord): StoppedRequests | undefined {
  const { goesOn, window, undoneMs } = record;
  if (goesOn === undefined) return undefined;
  const broken = { fromMs: window.fromMs, toMs: Math.min(undoneMs ?? window.toMs, window.toMs) };
  return stoppedWithin(
    record.samples.filter((sample) => !goesOn(sample)),
    broken,
  );
}

/** How many of what was due in the span failed, and how. */
export function stoppedWithin(samples: readonly Sample[], span: Span): StoppedRequests {
  const due = dueWithin(samples, span);
  const how: Record<string, number> = {};
  for (const sample of due.filter(isFailure)) {
    const name = sample.failure === "status" ? `${sample.status}` : (sample.failure ?? "open");
    how[name] = (how[name] ?? 0) + 1;
  }
  return { sent: countByClass(due), failed: failedByClass(due), how };
}

/**
 * With the edge, its own counts are gone: what is open then is what clients have open. It was
 * struck somewhere between the window's start and the moment at which it was seen to be gone.
 */
function inFlightOf(record: RunRecord): ClassCounts {
  const { losesInFlight, window, samples, struckForMs = 0 } = record;
  if (losesInFlight !== "everything") return record.inFlightOnVictim ?? NOTHING;
  const seenMs = window.fromMs + struckForMs;
  return countByClass(
    samples.filter(
      ({ sentMs, endMs }) => sentMs <= seenMs && (endMs === undefined || endMs >= window.fromMs),
    ),
  );
}

/** Safe and idempotent requests are retried: losing one is never nature, unless all was lost. */
function lostByNature(
  loses: RunRecord["losesInFlight"],
  { failed, inFlight }: { readonly failed: ClassCounts; readonly inFlight: ClassCounts },
): ClassCounts {
  if (loses === false) return NOTHING;
  const repeated = loses === "everything";
  return {
    safe: repeated ? Math.min(failed.safe, inFlight.safe) : 0,
    idempotent: repeated ? Math.min(failed.idempotent, inFlight.idempotent) : 0,
    unsafe: Math.min(failed.unsafe, inFlight.unsafe),
    stream: Math.min(failed.stream, inFlight.stream),
  };
}

/** Recovered is both: serving steadily, and whole again where something was taken away. */
function recoveryOf(
  record: RunRecord,
  seen: { readonly outage: Outage; readonly rule: OutageRule },
): Recovery {
  const { window, restored, recoversFromMs, samples } = record;
  const span = { fromMs: recoversFromMs ?? window.fromMs, toMs: window.toMs };
  // What was stopped by nature is to be served again, too: all that fell due since.
  const after = recoversFromMs === undefined ? undefined : dueWithin(samples, span);
  const steadyMs = Math.min(STEADY_MS, (span.toMs - span.fromMs) / STEADY_SHARE);
  const outage =
    after === undefined ? seen.outage : outageOf(after, { ...seen.rule, span, steadyMs });
  const servedMs = Math.max(0, outage.steadyFromMs - span.fromMs);
  if (restored.state === "not-back") {
    return { recovered: false, notAfterMs: Math.max(servedMs, restored.notAfterMs) };
  }
  const wholeMs = restored.state === "back" ? restored.afterMs : 0;
  const afterMs = Math.max(servedMs, wholeMs);
  return outage.steadyAgain
    ? { recovered: true, afterMs }
    : { recovered: false, notAfterMs: afterMs };
}

/** A system that misses its objectives unbroken says nothing about the fault. */
export function baselineDoubts(
  samples: readonly Sample[],
  limits: BaselineLimits,
): readonly string[] {
  const failed = total(failedByClass(samples));
  const latency = latencyOf(samples);
  const doubts: string[] = [];
  if (samples.length === 0) doubts.push("nothing was sent before the fault");
  if (failed > (limits.errorRatio ?? 1) * samples.length) {
    doubts.push(`${failed} of ${samples.length} failed before the fault`);
  }
  const asked = [
    ["p95", latency.p95Ms, limits.latencyP95Ms],
    ["p99", latency.p99Ms, limits.latencyP99Ms],
  ] as const;
  for (const [name, measured, limit] of asked) {
    if (limit !== undefined && measured > limit) {
      doubts.push(`${name} was ${Math.round(measured)} ms before the fault (limit ${limit} ms)`);
    }
  }
  return doubts;
}
