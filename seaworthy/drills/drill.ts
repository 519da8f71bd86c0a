import { deadline, DeadlineExceeded } from "@seaworthy/std/clock";
import { humanDuration } from "@seaworthy/std/duration";
import { seeded } from "@seaworthy/std/random";
import { LoadError } from "../load/client.ts";
import type { Evidence } from "../record/evidence.ts";
import { readRecords } from "../record/read.ts";
import { openFaults } from "../record/under-way.ts";
import { subjectOf } from "../record/fault.ts";
import { TargetError } from "../targets/target.ts";
import { blackoutAhead, type BlackoutAhead } from "./blackout-ahead.ts";
import { type OverBudget, overBudget } from "./budget.ts";
import { cooldown } from "./cooldown.ts";
import { evidenceOf, type Played } from "./evidence-of.ts";
import { PLAYS } from "./plays.ts";
import type { Prediction } from "./prediction.ts";
import { writePrediction } from "./prediction-file.ts";
import { objectivesOf } from "./allowed.ts";
import { preflight, type Ready, type Seen } from "./preflight.ts";
import { DrillRefused, type DrillRequest } from "./request.ts";
import type { RunFinding } from "./verdict.ts";

const OBSERVE_MS = 20_000;

/**
 * Breaks what runs, under its declared load, and says which of its objectives held: one evidence
 * for each that the drill speaks of. Whatever happens, what was broken is undone; what could not
 * be seen to happen is could-not-verify. Keeping the evidence is the caller's part.
 * Throws `DrillRefused` before anything is touched.
 */
export async function runDrill(request: DrillRequest): Promise<readonly Evidence[]> {
  const objectives = objectivesOf(request);
  const { target, emit, name } = request;
  const kept = await readRecords(target.store, "evidence");
  const ready = preflight({ ...request, platform: target.platform }, await look(request));
  if (!ready.ok) {
    const played = { request, findings: [], kept, failure: ready.error, leftBroken: [] };
    emit({ kind: "drill", drill: name, phase: "verdict", detail: unverified(ready.error) });
    return objectives.map((asked) => evidenceOf(played, asked));
  }
  const prediction = predictionOf(request, ready.value);
  refuseToWait(request, { prediction, kept });
  await writePrediction(request, ready.value, prediction);
  emit({ kind: "drill", drill: name, phase: "preflight", detail: predictionText(prediction) });
  const course = { request, ready: ready.value, prediction, kept, findings: [], leftBroken: [] };
  const failure = await runAll(course);
  const played: Played = { ...course, failure };
  const evidence = objectives.map((asked) => evidenceOf(played, asked));
  for (const { objective, verdict, because } of evidence) {
    const detail = `${objective} ${verdict}: ${because}`;
    emit({ kind: "drill", drill: name, phase: "verdict", detail });
  }
  return evidence;
}

async function look({ target, signal }: DrillRequest): Promise<Seen> {
  const bounded = deadline(OBSERVE_MS, "looking at what runs", signal);
  return {
    observed: await target.observe(bounded),
    journal: await readRecords(target.store, "journal"),
    free: await target.headroom(bounded),
  };
}

function unverified(because: string): string {
  return `could-not-verify: ${because}`;
}

interface Course {
  readonly request: DrillRequest;
  readonly ready: Ready;
  readonly prediction: Prediction;
  /** Evidence from before, oldest first. */
  readonly kept: readonly Evidence[];
  readonly findings: RunFinding[];
  readonly leftBroken: string[];
}

/** What a blackout or a spent budget leaves no room for now; of what is due all of its runs. */
function refuseToWait(
  request: DrillRequest,
  { prediction, kept }: Pick<Course, "prediction" | "kept">,
): void {
  const { isDue, runs, allowOutage } = request;
  const blackout = blackoutOf(request, { prediction, runs: isDue ? runs : 1 });
  if (blackout !== undefined) {
    throw new DrillRefused("blackout", blackout.because, blackout.fix);
  }
  if (!isDue || allowOutage) return;
  const over = budgetOf({ request, prediction, kept, findings: [] }, runs);
  if (over?.backAt === undefined) return;
  const because = `${over.because}: enough of it is back at ${over.backAt}`;
  throw new DrillRefused("budget", because, over.waysOut);
}

/** Every run, until one verifies nothing. Resolves to why the next one could not be made. */
async function runAll(course: Course): Promise<string | undefined> {
  try {
    return await runEach(course);
  } catch (error) {
    const isOutside = error instanceof TargetError || error instanceof LoadError;
    if (isOutside || error instanceof DeadlineExceeded) return error.message;
    throw error;
  } finally {
    await noteOpenFaults(course);
  }
}

async function runEach(course: Course): Promise<string | undefined> {
  const { request, ready, prediction, findings, leftBroken } = course;
  const random = seeded(request.seed);
  const limits = request.parsed.system.objectives;
  let before = ready.before;
  for (let turn = 1; turn <= request.runs; turn += 1) {
    const because = mustRest(course, turn);
    if (because !== undefined) return because;
    const setting = { ...ready, before, request, prediction, random, turn, limits };
    const finding = await PLAYS[request.name].run(setting);
    findings.push(finding);
    leftBroken.push(...finding.leftBroken);
    const rested = await cooldown(request, prediction.wholeMsMax);
    if (!rested.ok) {
      leftBroken.push(`not whole again: ${rested.error}`);
      return `not whole again after the drill: ${rested.error}`;
    }
    before = rested.value;
    const clean = finding.aborted === undefined && finding.doubts.length === 0;
    if (!clean || finding.run.undone === undefined) return undefined;
  }
  return undefined;
}

/** Why this run is not to be begun: the budget is spent, or a blackout comes. */
function mustRest(course: Course, turn: number): string | undefined {
  const { request, prediction } = course;
  const over = budgetOf(course, request.runs - turn + 1);
  if (over !== undefined && !request.allowOutage) return `${over.because}: ${over.waysOut}`;
  return blackoutOf(request, { prediction, runs: 1 })?.because;
}

function budgetOf(
  {
    request,
    prediction,
    kept,
    findings,
  }: Pick<Course, "request" | "prediction" | "kept" | "findings">,
  runsLeft: number,
): OverBudget | undefined {
  const { name, parsed, clock } = request;
  return overBudget({
    name,
    availability: parsed.system.objectives.availability,
    prediction,
    kept,
    played: findings.map(({ run }) => run),
    runsLeft,
    nowWallMs: clock.wall(),
  });
}

function blackoutOf(
  { name, parsed, clock }: DrillRequest,
  runs: { readonly prediction: Prediction; readonly runs: number },
): BlackoutAhead | undefined {
  return blackoutAhead(name, parsed.system.drills, { nowWallMs: clock.wall(), ...runs });
}

/** The journal is the truth of it: also a run that died on its way has its faults there. */
async function noteOpenFaults({ request, leftBroken }: Course): Promise<void> {
  const { target, operation } = request;
  const journal = await readRecords(target.store, "journal");
  const ours = journal.filter((entry) => entry.operation === operation);
  for (const { fault } of openFaults(ours)) {
    const open = `the ${fault.kind} of ${subjectOf(fault)} is not undone`;
    if (!leftBroken.includes(open)) leftBroken.push(open);
  }
}

function predictionOf(request: DrillRequest, ready: Ready): Prediction {
  const { edge, drills, load } = request.parsed.system;
  const { unit } = ready;
  const services = request.graph.units.filter((other) => other.kind === "service");
  const needs = services.filter(({ name }) => unit.needs.includes(name));
  return PLAYS[request.name].predict({ unit, needs, edge, drills, load });
}

function predictionText({ interval }: Prediction): string {
  const { what, fromMs, toMs } = interval;
  return `predicted, ${what}: ${humanDuration(fromMs)} to ${humanDuration(toMs)}`;
}
