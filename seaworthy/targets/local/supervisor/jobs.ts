import { deadline } from "@seaworthy/std/clock";
import type { JobUnit } from "../../../plan/graph.ts";
import type { ProcessIdentity } from "../../../record/fault.ts";
import type { Step, StepResult } from "../../../record/step.ts";
import { LOOPBACK } from "../edge-config.ts";
import { isAlive } from "../identity.ts";
import { lastLines } from "../read-logs.ts";
import { loadRelease } from "../release.ts";
import { allowedEnvironment, describeEnd, type ProcessEnd } from "../spawn-detached.ts";
import type { Crew } from "./crew.ts";
import { resolveEnvironment, spawnLoaded } from "./spawn-instance.ts";
import type { JobRecord } from "./state.ts";
import { terminate } from "./terminate.ts";
import { marks, type World } from "./world.ts";

type RunJob = Extract<Step, { action: "run-job" }>;

const LOOK_MS = 50;
const LOG_LINES = 20;
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
  const { job, release } = step;
  await ledger.intend((state) => ({
    ...state,
    nextInstance: { ...state.nextInstance, [job]: number + 1 },
    jobs: {
      ...state.jobs,
      [keyOf(step)]: {
        ...{ job, release, instance, outcome: "running" },
        ...{ identity: undefined, because: undefined },
      },
    },
  }));
  const environment = {
    ...allowedEnvironment(world.environment),
    ...(await resolveEnvironment(world, loaded)),
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
      await note(world, step, { outcome: "failed", because: `not done in ${step.deadlineMs} ms` });
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
  await note(world, step, { outcome: "unknown", because: "it ended while nobody watched" });
}

async function noteEnd(world: World, step: RunJob, end: ProcessEnd): Promise<void> {
  if (world.ledger.state.jobs[keyOf(step)]?.outcome !== "running") return;
  const outcome = end.code === 0 ? "done" : end.signal === undefined ? "failed" : "unknown";
  await note(world, step, { outcome, because: end.code === 0 ? undefined : describeEnd(end) });
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
}

function keyOf({ job, release }: RunJob): string {
  return `${job} ${release}`;
}

function failed(because: string): StepResult {
  return { outcome: "failed", because, detail: [] };
}
