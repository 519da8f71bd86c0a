import { deadline, timestamp } from "@seaworthy/std/clock";
import type { JobUnit } from "../../../plan/graph.ts";
import type { ProcessIdentity } from "../../../record/fault.ts";
import type { Step, StepResult } from "../../../record/step.ts";
import { LOOPBACK } from "../../../renderers/edge-parts.ts";
import { isAlive } from "../identity.ts";
import { lastLines } from "../read-logs.ts";
import { loadRelease } from "../release.ts";
import { allowedEnvironment, describeEnd, type ProcessEnd } from "../spawn-detached.ts";
import type { Crew } from "./crew.ts";
import { resolveEnvironment, spawnLoaded } from "./spawn-instance.ts";
import { type JobRecord, type SupervisorState, without } from "./state.ts";
import { terminate } from "./terminate.ts";
import { marks, type World } from "./world.ts";

type RunJob = Extract<Step, { action: "run-job" }>;

const LOOK_MS = 50;
const LOG_LINES = 20;
/** Of each job, runs by schedule or by hand that ended. */
const RUNS_KEPT = 20;
/** A job that passed its deadline gets this long to leave things tidy. */
export const JOB_STOP_MS = 5_000;

/**
 * Runs a job of a release to its end, once: a second request finds the outcome. One whose outcome
 * nobody saw (the supervisor died with it) runs again only if it is declared idempotent.
 */
export async function runJob(crew: Crew, step: RunJob, signal: AbortSignal): Promise<StepResult> {
  const { world } = crew;
  const unit = world.ledger.state.units[step.job];
  if (unit?.kind !== "job") return failed(`${step.job} is not defined here`);
  const known = world.ledger.state.jobs[keyOf(step)];
  if (known?.outcome === "done") {
    return { outcome: "done", detail: `${known.instance} did it already` };
  }
  if (known?.outcome === "running" && known.identity !== undefined && isAlive(known.identity)) {
    return await watchJob(world, { step, instance: known.instance }, signal);
  }
  if (known !== undefined && !unit.idempotent) {
    return await needsPerson(world, unit, known);
  }
  const instance = await spawnJob(world, step);
  return await watchJob(world, { step, instance }, signal);
}

/**
 * What a person decided about the run that is a release's own, when nobody but a person could. One
 * that runs, or that never was, is nothing to decide about.
 */
export async function settleJob(
  { world }: Crew,
  step: Extract<Step, { action: "settle-job" }>,
): Promise<StepResult> {
  const { job, release, as } = step;
  const key = keyOf({ job, release });
  const known = world.ledger.state.jobs[key];
  if (known === undefined) {
    return as === "again" ? { outcome: "done" } : failed(`${job} of ${release} never ran here`);
  }
  if (known.outcome === "done") {
    return as === "done" ? { outcome: "done" } : failed(`${job} of ${release} ran to its end`);
  }
  if (known.identity !== undefined && isAlive(known.identity)) {
    return failed(`${known.instance} still runs: wait until it ends`);
  }
  const because = "a person found it done";
  await world.ledger.intend((state) => ({
    ...state,
    jobs:
      as === "again"
        ? without(state.jobs, key)
        : { ...state.jobs, [key]: { ...known, outcome: "done", because } },
  }));
  return { outcome: "done" };
}

/** What to wait for; jobs that a dead supervisor left running are found here too. */
interface JobRun {
  readonly step: RunJob;
  readonly instance: string;
}

async function spawnJob(world: World, step: RunJob): Promise<string> {
  const { ledger, folder } = world;
  const loaded = await loadRelease(folder.releases, step.release);
  const number = ledger.state.nextInstance[step.job] ?? 1;
  const instance = `${step.job}-${number}`;
  const { job, release, run } = step;
  const startedAt = timestamp(world.clock);
  await ledger.intend((state) => ({
    ...state,
    nextInstance: { ...state.nextInstance, [job]: number + 1 },
    jobs: lastRuns(job, {
      ...state.jobs,
      [keyOf(step)]: {
        ...{ job, release, run, instance, outcome: "running", startedAt },
        ...{ identity: undefined, because: undefined, endedAt: undefined },
      },
    }),
    // One write: a due time is never seen to twice, nor forgotten between the two.
    schedules: seenTo(state.schedules, step),
  }));
  const environment = {
    ...allowedEnvironment(world.environment),
    ...(await resolveEnvironment({ folder, state: ledger.state }, loaded)),
    ...marks(world, instance),
    HOST: LOOPBACK,
    SEAWORTHY_SYSTEM: ledger.state.graph?.system ?? "",
  };
  const spawned = await spawnLoaded(world, loaded, { instance, environment });
  await note(world, step, { identity: spawned.identity });
  // Also when nobody waits any more: the next request must find what became of it.
  void spawned.ended.then((end) => noteEnd(world, step, end));
  return instance;
}

async function watchJob(world: World, run: JobRun, signal: AbortSignal): Promise<StepResult> {
  const { step, instance } = run;
  const late = deadline(step.deadlineMs, `job ${step.job}`);
  for (;;) {
    signal.throwIfAborted();
    const record = world.ledger.state.jobs[keyOf(step)];
    if (record === undefined) return failed(`${instance} was forgotten`);
    if (record.outcome === "done") return { outcome: "done", detail: `${instance} exited with 0` };
    if (record.outcome !== "running") {
      const failure = await jobFailed(world, instance, record.because ?? "it ended");
      const isHalfDone = record.outcome === "unknown" || late.aborted;
      const mayRepeat = world.ledger.state.units[step.job];
      const asksAPerson = isHalfDone && !(mayRepeat?.kind === "job" && mayRepeat.idempotent);
      return asksAPerson ? { ...failure, personNeeded: true } : failure;
    }
    if (record.identity !== undefined && !isAlive(record.identity)) {
      await settleUnseen(world, step);
      continue;
    }
    if (late.aborted) {
      const because = `not done in ${step.deadlineMs} ms`;
      await note(world, step, { outcome: "failed", because, endedAt: timestamp(world.clock) });
      await terminate(world, { instance, leader: record.identity }, JOB_STOP_MS);
      continue;
    }
    await world.clock.sleep(LOOK_MS, signal);
  }
}

/** Our own child's exit arrives within moments; of an adopted one nobody learns the exit code. */
async function settleUnseen(world: World, step: RunJob): Promise<void> {
  await world.clock.sleep(LOOK_MS * 4);
  if (world.ledger.state.jobs[keyOf(step)]?.outcome !== "running") return;
  const because = "it ended while nobody watched";
  await note(world, step, { outcome: "unknown", because, endedAt: timestamp(world.clock) });
}

async function noteEnd(world: World, step: RunJob, end: ProcessEnd): Promise<void> {
  if (world.ledger.state.jobs[keyOf(step)]?.outcome !== "running") return;
  const outcome = end.code === 0 ? "done" : end.signal === undefined ? "failed" : "unknown";
  const because = end.code === 0 ? undefined : describeEnd(end);
  await note(world, step, { outcome, because, endedAt: timestamp(world.clock) });
}

async function needsPerson(world: World, unit: JobUnit, known: JobRecord): Promise<StepResult> {
  const how =
    known.outcome === "failed"
      ? `failed (${known.because ?? "no reason known"})`
      : "was killed half-way";
  const because = `${unit.name} ${how} and is not idempotent: a person must decide`;
  return { ...(await jobFailed(world, known.instance, because)), personNeeded: true };
}

async function jobFailed(world: World, instance: string, because: string): Promise<JobFailure> {
  const detail = await lastLines(world.folder.logs, instance, LOG_LINES);
  return { outcome: "failed", because: `job ${instance}: ${because}`, detail };
}

async function note(world: World, step: RunJob, change: JobChange): Promise<void> {
  const key = keyOf(step);
  await world.ledger.record((state) => {
    const record = state.jobs[key];
    if (record === undefined) return state;
    return { ...state, jobs: { ...state.jobs, [key]: { ...record, ...change } } };
  });
}

type JobFailure = Extract<StepResult, { readonly outcome: "failed" }>;

interface JobChange {
  readonly outcome?: JobRecord["outcome"];
  readonly identity?: ProcessIdentity;
  readonly because?: string | undefined;
  readonly endedAt?: string;
}

/** The due time of this run, if it is one by schedule, is seen to. */
function seenTo(
  schedules: SupervisorState["schedules"],
  { job, run }: RunJob,
): SupervisorState["schedules"] {
  const dueMs = Date.parse(run ?? "");
  return Number.isNaN(dueMs) ? schedules : { ...schedules, [job]: dueMs };
}

/** Runs by name are remembered for people; a release's own run decides what may run again. */
function lastRuns(job: string, jobs: SupervisorState["jobs"]): SupervisorState["jobs"] {
  const named = Object.entries(jobs).filter(
    ([, record]) => record.job === job && record.run !== undefined && record.outcome !== "running",
  );
  const old = new Set(named.slice(0, -RUNS_KEPT).map(([key]) => key));
  return Object.fromEntries(Object.entries(jobs).filter(([key]) => !old.has(key)));
}

/** One that was due and did not run is remembered with why. */
export async function skipRun(world: World, step: RunJob, because: string): Promise<void> {
  const { job, release, run } = step;
  const at = timestamp(world.clock);
  await world.ledger.record((state) => ({
    ...state,
    jobs: lastRuns(job, {
      ...state.jobs,
      [keyOf(step)]: {
        ...{ job, release, run, instance: job, outcome: "skipped", because },
        ...{ identity: undefined, startedAt: at, endedAt: at },
      },
    }),
    schedules: seenTo(state.schedules, step),
  }));
}

function keyOf({ job, release, run }: Pick<RunJob, "job" | "release" | "run">): string {
  return run === undefined ? `${job} ${release}` : `${job} ${release} ${run}`;
}

function failed(because: string): StepResult {
  return { outcome: "failed", because, detail: [] };
}
