import type { LoadResult, Sample } from "../seaworthy/load/load.ts";
import { dueWithin, failedByClass, latencyOf, type Span, total } from "../seaworthy/load/window.ts";
import type { Event } from "../seaworthy/record/event.ts";
import { cpuFigures, type CpuUse } from "./cpu-meter.ts";
import { failureKinds, generatorDoubt, mostOpen } from "./load-account.ts";
import type { Bar, RunResult } from "./measured.ts";
import { type RollTimes, rollTimes } from "./roll-times.ts";
import { complaintOf, type Ended } from "./verb.ts";

const RUNS_NEEDED = 5;
/** What a peer on the same kind of machine needs for one target, and the service's boot. */
const STEP_MS_MAX = 2_000 + 1_000;
const P99_FACTOR = 2;
/** A factor over a few milliseconds is noise. */
const P99_MARGIN_MS = 20;

const FAILED = "safe or idempotent requests failed";
const ENDED = "rolls that did not end as done";
const PER_STEP = "time per step (ms)";
const SLOWEST = "slowest step (ms)";
const P99 = "p99 during the roll (ms)";

export function barsOf(cell: string): readonly Bar[] {
  const bar = (name: string, limit: string): Bar => ({
    cell,
    name,
    limit,
    runsNeeded: RUNS_NEEDED,
  });
  return [
    bar(FAILED, "0"),
    bar(ENDED, "0"),
    bar(PER_STEP, "2 s + boot (1 s), bake excluded"),
    bar(SLOWEST, "2 s + boot (1 s), bake excluded"),
    bar(P99, "max(2 × steady, steady + 20 ms)"),
  ];
}

/** What was seen while the command ran, or nothing was done for as long. */
export interface Rolled {
  /** On the generator's clock: command start to command return. */
  readonly during: Span;
  readonly ended: Ended | undefined;
  readonly events: readonly Event[];
  readonly cpu: CpuUse | undefined;
}

interface Seen extends Rolled {
  readonly load: LoadResult;
  readonly startedWallMs: number;
  readonly warmUpMs: number;
  readonly steadyCpu: CpuUse | undefined;
}

interface Run extends Pick<RunResult, "cell" | "kind"> {
  readonly replicas: number;
}

/** Samples and events → figures; nothing is judged yet. */
export function resultOf(run: Run, seen: Seen): RunResult {
  const { load, during, ended, warmUpMs } = seen;
  const times = rollTimes(seen.events);
  const steady = latencyOf(dueWithin(load.samples, { fromMs: warmUpMs, toMs: during.fromMs }));
  const rolling = latencyOf(withoutBake(seen, times));
  const counted = load.samples.filter(({ dueMs }) => dueMs >= warmUpMs);
  const failed = failedByClass(counted);
  const p99MaxMs = Math.max(P99_FACTOR * steady.p99Ms, steady.p99Ms + P99_MARGIN_MS);
  const { figures, readings } = timeFigures(times, run.replicas);
  return {
    cell: run.cell,
    kind: run.kind,
    figures: {
      failed: total(failed),
      steadyP99Ms: steady.p99Ms,
      p99Ms: rolling.p99Ms,
      maxMs: rolling.maxMs,
      ...figures,
      ...cpuFigures(seen.cpu),
    },
    facts: {
      sent: counted.length,
      mostOpen: mostOpen(load.samples),
      failures: failureKinds(counted),
      stepsMs: times?.stepMs.map(Math.round).join(" ") ?? "",
      ended: ended === undefined ? "no event" : complaintOf("deploy", ended),
      steadyCpu: JSON.stringify(seen.steadyCpu ?? null),
      generator: JSON.stringify(load.check),
    },
    readings: {
      [FAILED]: { value: failed.safe + failed.idempotent, limit: 0 },
      [ENDED]: { value: ended?.code === 0 ? 0 : 1, limit: 0 },
      ...readings,
      [P99]: { value: rolling.p99Ms, limit: p99MaxMs },
    },
    doubt: generatorDoubt(load.check),
  };
}

function timeFigures(
  times: RollTimes | undefined,
  replicas: number,
): Pick<RunResult, "figures" | "readings"> {
  if (times === undefined) return { figures: {}, readings: {} };
  const perStepMs = times.withoutBakeMs / replicas;
  const slowestStepMs = Math.max(...times.stepMs);
  return {
    figures: { perStepMs, slowestStepMs, beforeFirstStepMs: times.beforeMs },
    readings: {
      [PER_STEP]: { value: perStepMs, limit: STEP_MS_MAX },
      [SLOWEST]: { value: slowestStepMs, limit: STEP_MS_MAX },
    },
  };
}

/** The bake is quiet: requests in it would only make the roll look better. */
function withoutBake(
  { load, during, startedWallMs }: Seen,
  times: RollTimes | undefined,
): readonly Sample[] {
  const all = dueWithin(load.samples, during);
  if (times === undefined) return all;
  const fromMs = times.bake.fromMs - startedWallMs;
  const toMs = times.bake.toMs - startedWallMs;
  return all.filter(({ dueMs }) => dueMs < fromMs || dueMs >= toMs);
}
