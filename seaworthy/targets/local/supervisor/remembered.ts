import type { JournalEntry } from "../../../record/journal.ts";
import type { Step, StepResult } from "../../../record/step.ts";
import { emptyState, type JobRecord, type SupervisorState, without } from "./state.ts";

type RunJob = Extract<Step, { action: "run-job" }>;

/**
 * What the journal still knows where the state is lost: releases that were proved, jobs that ran,
 * numbers that were given. Not what runs: ports and processes stand nowhere else. Of a step without
 * a result nobody knows whether it took effect; each is taken so that nothing is done twice.
 */
export function remembered(owner: string, journal: readonly JournalEntry[]): SupervisorState {
  const results = new Map<string, StepResult>();
  for (const entry of journal) {
    if (entry.entry === "result") results.set(keyOf(entry), entry.result);
  }
  return journal.reduce(
    (state, entry) =>
      entry.entry === "intent" ? after(state, entry.step, results.get(keyOf(entry))) : state,
    emptyState(owner),
  );
}

function keyOf({ operation, stepId }: { operation: string; stepId: number }): string {
  return `${operation} ${stepId}`;
}

function after(
  state: SupervisorState,
  step: Step,
  result: StepResult | undefined,
): SupervisorState {
  // What is given may be in use although nobody saw its step end.
  if (step.action === "start") return numbered(state, step.unit, numberOf(step.instance));
  if (step.action === "run-job") return withJob(state, step, result);
  return result?.outcome === "done" ? done(state, step) : state;
}

function done(state: SupervisorState, step: Step): SupervisorState {
  const { releases, scaleOverrides } = state;
  if (step.action === "commit") {
    const committed = releases[step.unit]?.committed;
    if (committed === step.release) return state;
    const now = { committed: step.release, previous: committed };
    return { ...state, releases: { ...releases, [step.unit]: now } };
  }
  if (step.action === "settle-job") return settled(state, step);
  if (step.action === "scale-override") {
    const others = without(scaleOverrides, step.unit);
    const { unit, replicas } = step;
    const all = replicas === undefined ? others : { ...others, [unit]: replicas };
    return { ...state, scaleOverrides: all };
  }
  if (step.action === "remove") {
    const { unit } = step;
    return {
      ...state,
      releases: without(releases, unit),
      scaleOverrides: without(scaleOverrides, unit),
    };
  }
  return step.action === "delete-volumes" ? { ...state, jobs: {} } : state;
}

/** An unknown end of a job that may not run again is a person's to decide about, as ever. */
function withJob(
  state: SupervisorState,
  step: RunJob,
  result: StepResult | undefined,
): SupervisorState {
  const { job, release, run } = step;
  const key = run === undefined ? `${job} ${release}` : `${job} ${release} ${run}`;
  const number = state.nextInstance[job] ?? 1;
  if (state.jobs[key]?.outcome === "done") return state;
  const record: JobRecord = {
    ...{ job, release, run, instance: `${job}-${number}` },
    ...{ identity: undefined, startedAt: undefined, endedAt: undefined },
    ...outcomeOf(result),
  };
  return numbered({ ...state, jobs: { ...state.jobs, [key]: record } }, job, number);
}

function outcomeOf(result: StepResult | undefined): Pick<JobRecord, "outcome" | "because"> {
  if (result === undefined) return { outcome: "unknown", because: "its end is in no record" };
  if (result.outcome === "done") return { outcome: "done", because: undefined };
  const outcome = result.personNeeded === true ? "unknown" : "failed";
  return { outcome, because: result.because };
}

function settled(
  state: SupervisorState,
  { job, release, as }: Extract<Step, { action: "settle-job" }>,
): SupervisorState {
  const key = `${job} ${release}`;
  const known = state.jobs[key];
  if (as === "again" || known === undefined) return { ...state, jobs: without(state.jobs, key) };
  return { ...state, jobs: { ...state.jobs, [key]: { ...known, outcome: "done" } } };
}

function numbered(state: SupervisorState, unit: string, number: number): SupervisorState {
  const next = Math.max(state.nextInstance[unit] ?? 1, number + 1);
  return { ...state, nextInstance: { ...state.nextInstance, [unit]: next } };
}

/** The number in `<unit>-<number>`; 0 where there is none. */
function numberOf(instance: string): number {
  return Number(/-(\d+)$/.exec(instance)?.[1] ?? 0);
}
