import { timestamp } from "@seaworthy/std/clock";
import type { UnitName } from "../plan/graph.ts";
import type { PlanStep } from "../plan/plan.ts";
import { type Observed, TargetError } from "../targets/target.ts";
import type { JournalEntry, JournalledChange } from "../record/journal.ts";
import { readRecords } from "../record/read.ts";
import type { ReleaseId } from "../record/release.ts";
import { untilReady } from "./until-ready.ts";
import { endLeftover } from "./end-leftover.ts";
import { definedBefore } from "./former-graph.ts";
import {
  finishFleet,
  goBackFleet,
  type PlannedRoll,
  plannedRolls,
  removeUnits,
  rollFleet,
} from "./fleet.ts";
import { commitJobs, runJobs } from "./jobs.ts";
import { observe, unitIn } from "./look.ts";
import type { ProbeSummary, RolloutOutcome } from "./outcome.ts";
import { lookForRoom, overBudget, preflight } from "./preflight.ts";
import { summaryOf } from "./probe.ts";
import type { ConvergeRequest, End } from "./request.ts";
import { servingLine } from "./serving.ts";
import { Interrupted, interruption, openSteps, type Operation, type Steps } from "./steps.ts";
import type { Roller, UnitRoll } from "./unit-roll.ts";
import { bounded } from "./wait.ts";

/** Copying a release's files; a folder that takes longer does not belong into a release. */
const PUT_MS = 300_000;
const DEFINE_MS = 60_000;

/**
 * Carries out a plan: all of it, or back to what was (fleet-atomic). Never throws for what the
 * outside does: every end is an outcome.
 */
export async function converge(request: ConvergeRequest): Promise<RolloutOutcome> {
  const { clock, emit, verb, plan } = request;
  const began = clock.now();
  const accepted = (request.accepted ?? []).map((rule) => `accepted by name: ${rule}`);
  const steps = plan.steps.map((step) => `${step.action} ${step.unit}: ${step.reason}`);
  const lines = [...accepted, ...steps];
  emit({ kind: "operation-started", verb, plan: lines });
  const rolls: UnitRoll[] = [];
  const notes: string[] = [];
  let end: End;
  try {
    end = await carryOut(request, rolls, notes);
  } catch (error) {
    end = endOfError(request, rolls, error);
  }
  const probe = await probeSummary(request, rolls, notes);
  const tookMs = clock.now() - began;
  emit({ kind: "operation-ended", outcome: end.outcome, because: end.because, tookMs });
  const names = plan.steps.map((step) => step.unit);
  const still = end.outcome !== "done";
  return {
    outcome: end.outcome,
    because: end.because,
    units: plan.steps
      .filter((step) => step.to !== step.from)
      .map((step) => ({ unit: step.unit, from: step.from, to: step.to })),
    seconds: tookMs / 1_000,
    probe,
    serving: await servingLine(afterEnd(request), names, still),
    detail: [...(end.detail ?? []), ...notes],
  };
}

async function carryOut(
  request: ConvergeRequest,
  rolls: UnitRoll[],
  notes: string[],
): Promise<End> {
  if (request.plan.steps.length === 0) return await nothingToDo(request);
  const observed = await observe(request);
  const refusal = preflight(request, observed) ?? overBudget(request, await lookForRoom(request));
  if (refusal !== undefined) return { outcome: "refused", because: refusal };
  const journal = await readRecords(request.target.store, "journal");
  const planned = plannedRolls(request, observed, journal);
  const steps = openSteps(request);
  const roller: Roller = { ...request, steps };
  await steps.journal(beginning(request, planned));
  const { operation, clock } = request;
  const first = definedBefore(operation, { journal, planned });
  const end = await prepared(request, roller, { observed, planned, rolls, notes, first });
  const { outcome, because } = end;
  if (outcome === "done" && isPassing(request, observed)) return end;
  await steps.journal({ entry: "end", operation, at: timestamp(clock), outcome, because });
  return end;
}

/** A drill's release is no place to stay: it is under way until the way back has ended. */
function isPassing({ plan, commits }: ConvergeRequest, before: Observed): boolean {
  const goes = ({ unit, to }: PlanStep): boolean =>
    to !== undefined && to !== unitIn(before, unit).committed;
  return !commits && plan.steps.some(goes);
}

async function nothingToDo(request: ConvergeRequest): Promise<End> {
  await endLeftover(request);
  const unready = request.verb === "up" ? await untilReady(request) : undefined;
  if (unready !== undefined) {
    return { outcome: "failed", because: `what runs is what is declared, but ${unready}` };
  }
  const unsettled = await settle(request, openSteps(request));
  return unsettled ?? { outcome: "nothing-to-do", because: "" };
}

async function settle(request: ConvergeRequest, steps: Steps): Promise<End | undefined> {
  for (const step of request.afterwards ?? []) {
    const result = await steps.run(step);
    if (result.outcome === "failed") return { ...result, outcome: "not-rolled-back" };
  }
  return undefined;
}

interface Progress {
  readonly observed: Observed;
  readonly planned: readonly PlannedRoll[];
  readonly rolls: UnitRoll[];
  readonly notes: string[];
  /** What it goes back to was defined before this operation: another one where that died. */
  readonly first: string;
}

async function prepared(
  request: ConvergeRequest,
  roller: Roller,
  progress: Progress,
): Promise<End> {
  const unprepared = await prepare(request, progress.first);
  if (unprepared !== undefined) return unprepared;
  const jobs = await runJobs(request, roller.steps);
  if (jobs !== undefined) {
    await redefine(request, progress);
    return jobs;
  }
  const turned = await rollFleet(request, roller, progress);
  if (turned !== undefined) {
    await redefine(request, progress);
    return await goBackFleet(roller, progress.rolls, turned);
  }
  const unfinished =
    (await finishFleet(roller, progress.rolls)) ?? (await commitJobs(request, roller.steps));
  if (unfinished !== undefined) return unfinished;
  const left = (await removeUnits(request, roller)) ?? (await settle(request, roller.steps));
  return left ?? { outcome: "done", because: doneText(progress) };
}

/** Content and definitions: nothing that serves changes yet, so a failure here is plain. */
async function prepare(request: ConvergeRequest, operation: string): Promise<End | undefined> {
  const { target, signal, graph, lease, plan, releases } = request;
  const wanted = new Set(plan.steps.map((step) => step.to));
  try {
    const recorded = new Set((await readRecords(target.store, "release")).map(({ id }) => id));
    const needed = [...releases.values()].filter(({ release }) => wanted.has(release.id));
    await Promise.all(
      needed.map(({ release, unit }) => {
        const limits = { what: `the files of ${unit.name}`, ms: PUT_MS, signal };
        return bounded(request, limits, (inner) => target.put(release, unit, inner));
      }),
    );
    for (const { release } of needed) {
      // What `rollback` will need to know about it, when its declaration is long gone.
      if (!recorded.has(release.id)) await target.store.append("release", release);
    }
    const spoken = spokenOf(plan.steps.map(({ unit, to }) => [unit, to]));
    await bounded(request, { what: "definitions and routes", ms: DEFINE_MS, signal }, (inner) =>
      target.define(graph, { signal: inner, epoch: lease.epoch, releases: spoken, operation }),
    );
    return undefined;
  } catch (error) {
    if (signal.aborted) throw interruption(request, error);
    return { outcome: "failed", because: textOf(error), detail: detailOf(error) };
  }
}

/** Unit → the release that its new definition speaks of: others keep what they run under. */
function spokenOf(
  ends: readonly (readonly [UnitName, ReleaseId | undefined])[],
): Readonly<Record<UnitName, ReleaseId>> {
  return Object.fromEntries(
    ends.flatMap(([unit, to]) => (to === undefined ? [] : [[unit, to] as const])),
  );
}

/** The routes of before, and the definitions that what is started on the way back runs under. */
async function redefine(request: ConvergeRequest, progress: Progress): Promise<void> {
  const { target, signal, lease } = request;
  const { observed, first: operation } = progress;
  const isOurs = observed.before?.operation === operation;
  const graph = isOurs ? observed.before?.graph : observed.graph;
  if (graph === undefined) return;
  try {
    const limits = { what: "the definitions before", ms: DEFINE_MS, signal };
    const releases = spokenOf(progress.planned.map(({ goal }) => [goal.unit, goal.from]));
    await bounded(request, limits, (inner) =>
      target.define(graph, { signal: inner, epoch: lease.epoch, releases, operation }),
    );
  } catch (error) {
    if (signal.aborted) throw interruption(request, error);
    // Going back matters more: what is started then is judged by the new definitions.
    progress.notes.push(`the definitions before could not be restored: ${textOf(error)}`);
  }
}

function beginning(
  { operation, verb, clock, plan }: ConvergeRequest,
  planned: readonly PlannedRoll[],
): JournalEntry {
  const changes = plan.steps.flatMap(({ unit, from, to, replicas }): JournalledChange[] => {
    if (to === undefined) return [];
    const change = { unit, from, to, replicas: replicas.to };
    return [{ ...change, ...meantBy(planned.find(({ goal }) => goal.unit === unit)) }];
  });
  return { entry: "begin", operation, verb, at: timestamp(clock), changes };
}

/** What the next run must know of this one, should it die: by which shares, from which number. */
function meantBy(planned: PlannedRoll | undefined): Partial<JournalledChange> {
  const { strategy, renewFrom, replicas } = planned?.goal ?? {};
  const shares = planned?.position.isExplained === true ? (strategy?.shares ?? []) : [];
  return {
    ...(shares.length === 0 ? {} : { canary: shares }),
    ...(renewFrom === undefined ? {} : { renewFrom }),
    ...(replicas === undefined ? {} : { replicasBefore: replicas.from }),
  };
}

function endOfError(request: ConvergeRequest, rolls: readonly UnitRoll[], error: unknown): End {
  const next = "the next run finishes or reverses it";
  if (error instanceof Interrupted || request.signal.aborted) {
    const why = error instanceof Interrupted ? error : interruption(request, error);
    return { outcome: "interrupted", because: `${why.message}; ${next}` };
  }
  // Something began and its end is unknown: only a person, or the next run, can say.
  const outcome = rolls.length > 0 ? "not-rolled-back" : "failed";
  return { outcome, because: `${textOf(error)}; ${next}`, detail: detailOf(error) };
}

async function probeSummary(
  request: ConvergeRequest,
  rolls: readonly UnitRoll[],
  notes: string[],
): Promise<ProbeSummary | undefined> {
  const reports = [];
  for (const { probe, goal } of rolls) {
    if (probe === undefined) continue;
    try {
      const { report } = await probe.finish(afterEnd(request));
      reports.push(report);
      if (report.doubt !== undefined) notes.push(`${goal.unit}: ${report.doubt}`);
    } catch (error) {
      notes.push(`${goal.unit}: what the probe saw is lost: ${textOf(error)}`);
    }
  }
  return summaryOf(reports);
}

/** After an abort there are still words to say: looking is allowed, for its own short time. */
function afterEnd(request: ConvergeRequest): Operation {
  return { ...request, signal: new AbortController().signal };
}

function doneText({ rolls }: Progress): string {
  const texts = rolls.map(({ goal: { unit, from, to, replicas, renewFrom } }) => {
    if (renewFrom !== undefined) return `${unit} restarted ×${replicas.to}`;
    return to === from ? `${unit} ×${replicas.to}` : `${unit} ${to}`;
  });
  return texts.join(", ");
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function detailOf(error: unknown): readonly string[] {
  if (!(error instanceof TargetError)) return [];
  return error.fix === undefined ? error.detail : [...error.detail, `fix  ${error.fix}`];
}
