import { deadline, timestamp } from "@seaworthy/std/clock";
import { humanDuration } from "@seaworthy/std/duration";
import { seeded } from "@seaworthy/std/random";
import { LoadError } from "../load/client.ts";
import type { DrillRun, Evidence } from "../record/evidence.ts";
import { readRecords } from "../record/read.ts";
import { TargetError } from "../targets/target.ts";
import type { DeclaredObjective } from "./objectives.ts";
import { PLAYS } from "./plays.ts";
import { predictedFigure, type Prediction } from "./prediction.ts";
import { objectivesOf, preflight, type Ready } from "./preflight.ts";
import type { DrillRequest } from "./request.ts";
import { judge, type RunFinding } from "./verdict.ts";

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
  const observed = await target.observe(
    deadline(OBSERVE_MS, "looking at what runs", request.signal),
  );
  const journal = await readRecords(target.store, "journal");
  const faults = target.platform.faults;
  const ready = preflight({ ...request, faults }, { observed, journal });
  if (!ready.ok) return unverified({ request, objectives }, ready.error);
  const prediction = predictionOf(request, ready.value);
  emit({ kind: "drill", drill: name, phase: "preflight", detail: predictionText(prediction) });
  const findings: RunFinding[] = [];
  const failure = await runAll({ request, ready: ready.value, prediction, findings });
  const play = { request, objectives, ready: ready.value, prediction };
  const evidence = objectives.map((asked) => evidenceOf(play, asked, { findings, failure }));
  for (const { objective, verdict, because } of evidence) {
    const detail = `${objective} ${verdict}: ${because}`;
    emit({ kind: "drill", drill: name, phase: "verdict", detail });
  }
  return evidence;
}

interface Course {
  readonly request: DrillRequest;
  readonly ready: Ready;
  readonly prediction: Prediction;
  readonly findings: RunFinding[];
}

/** Every run, until one verifies nothing. Resolves to why the next one could not be made. */
async function runAll(course: Course): Promise<string | undefined> {
  const { request, ready, prediction, findings } = course;
  const random = seeded(request.seed);
  const limits = request.parsed.system.objectives;
  let before = ready.before;
  try {
    for (let turn = 1; turn <= request.runs; turn += 1) {
      const setting = { ...ready, before, request, prediction, random, turn, limits };
      const finding = await PLAYS[request.name].run(setting);
      findings.push(finding);
      const clean = finding.aborted === undefined && finding.doubts.length === 0;
      if (!clean || finding.run.undone === undefined) return undefined;
      before = await request.target.observe(
        deadline(OBSERVE_MS, "looking at what runs", request.signal),
      );
    }
    return undefined;
  } catch (error) {
    if (error instanceof TargetError || error instanceof LoadError) return error.message;
    throw error;
  }
}

function predictionOf(request: DrillRequest, ready: Ready): Prediction {
  const { edge, drills, load } = request.parsed.system;
  return PLAYS[request.name].predict({ unit: ready.unit, edge, drills, load });
}

function predictionText({ interval }: Prediction): string {
  const { what, fromMs, toMs } = interval;
  return `predicted, ${what}: ${humanDuration(fromMs)} to ${humanDuration(toMs)}`;
}

interface Play {
  readonly request: DrillRequest;
  readonly objectives: readonly DeclaredObjective[];
  readonly ready?: Ready;
  readonly prediction?: Prediction;
}

function evidenceOf(
  play: Play,
  asked: DeclaredObjective,
  seen: { readonly findings: readonly RunFinding[]; readonly failure: string | undefined },
): Evidence {
  const { request } = play;
  const judged = judge(asked, seen.findings);
  // A wrong that was seen stays seen, whatever became of the run after it.
  const broken = seen.failure !== undefined && judged.verdict !== "missed";
  return {
    drill: request.name,
    objective: asked.objective,
    limit: asked.limit,
    predicted: play.prediction?.interval,
    measured: judged.measured,
    runs: seen.findings.map(({ run }) => run),
    verdict: broken ? "could-not-verify" : judged.verdict,
    because: broken ? (seen.failure ?? judged.because) : judged.because,
    seed: request.seed,
    target: request.target.platform.name,
    declarationHash: request.parsed.hash,
    releases: play.ready?.releases ?? {},
    ...findingsOf(
      play.prediction,
      seen.findings.map(({ run }) => run),
    ),
    at: timestamp(request.clock),
    raw: request.raw,
  };
}

/** The target is looked at, not asked: what it shows may be this much older than the look. */
const LOOK_MS = 250;

/** Samples beside the prediction: the mechanism is not what it was taken for, held or not. */
function findingsOf(
  prediction: Prediction | undefined,
  runs: readonly DrillRun[],
): Pick<Evidence, "findings"> {
  if (prediction === undefined) return {};
  const { what, fromMs, toMs } = prediction.interval;
  const findings = runs.flatMap((run, at) => {
    const ms = predictedFigure(run, prediction.figure);
    if (ms === undefined || (ms >= fromMs - LOOK_MS && ms <= toMs + LOOK_MS)) return [];
    const interval = `${humanDuration(fromMs)} to ${humanDuration(toMs)}`;
    return [`run ${at + 1}: ${what} ${humanDuration(ms)}, predicted ${interval}`];
  });
  return findings.length === 0 ? {} : { findings };
}

function unverified(play: Play, because: string): readonly Evidence[] {
  const { request } = play;
  const detail = `could-not-verify: ${because}`;
  request.emit({ kind: "drill", drill: request.name, phase: "verdict", detail });
  const seen = { findings: [], failure: because };
  return play.objectives.map((asked) => evidenceOf(play, asked, seen));
}
