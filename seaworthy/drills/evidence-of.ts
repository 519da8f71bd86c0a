import { timestamp } from "@seaworthy/std/clock";
import { humanDuration } from "@seaworthy/std/duration";
import { total } from "../load/window.ts";
import type { DrillRun, Evidence } from "../record/evidence.ts";
import { CATALOGUE } from "./catalogue.ts";
import { keptFinding } from "./finding.ts";
import { type DeclaredObjective, spokenHash, staleBecause } from "./objectives.ts";
import { predictedFigure, type Prediction } from "./prediction.ts";
import type { Ready } from "./preflight.ts";
import type { DrillRequest } from "./request.ts";
import { isBelieved, judge, type Judgement, type RunFinding } from "./verdict.ts";

/** A drill that was played, or why it was not. */
export interface Played {
  readonly request: PlayedRequest;
  readonly ready?: Pick<Ready, "unit" | "releases">;
  readonly prediction?: Prediction;
  readonly findings: readonly RunFinding[];
  /** Evidence from before, oldest first. */
  readonly kept: readonly Evidence[];
  /** Why it could not be played to its end. */
  readonly failure: string | undefined;
  readonly leftBroken: readonly string[];
}

/** Of a request, what its evidence repeats. */
export type PlayedRequest = Pick<
  DrillRequest,
  "name" | "parsed" | "clock" | "seed" | "runs" | "unit" | "allowOutage" | "raw"
> & { readonly target: { readonly platform: { readonly name: string } } };

/** What it shows about one objective. */
export function evidenceOf(played: Played, asked: DeclaredObjective): Evidence {
  const { request, findings, failure, prediction, ready, leftBroken } = played;
  const { parsed, target } = request;
  const runs = findings.map(({ run }) => run);
  const earlier = earlierFindings(played, asked);
  const judged = judgeWith(asked, { findings, earlier, failure });
  return {
    drill: request.name,
    objective: asked.objective,
    limit: asked.limit,
    predicted: prediction?.interval,
    measured: judged.measured,
    runs,
    verdict: judged.verdict,
    because: judged.because,
    ...beside(prediction, runs),
    ...(leftBroken.length === 0 ? {} : { leftBroken }),
    unproven: CATALOGUE[request.name].unproven,
    ...(ready === undefined ? {} : { unit: ready.unit.name }),
    ...(earlier.length === 0 ? {} : { earlier: countOf(earlier) }),
    again: againOf(request),
    seed: request.seed,
    target: target.platform.name,
    declarationHash: spokenHash(parsed),
    releases: ready?.releases ?? {},
    at: timestamp(request.clock),
    raw: request.raw,
  };
}

/** Sound runs of before that speak of the same, and are not too old. */
function earlierFindings(played: Played, asked: DeclaredObjective): readonly RunFinding[] {
  const { request, ready, kept } = played;
  if (ready === undefined) return [];
  const { parsed, target, clock } = request;
  const question = {
    parsed,
    releases: ready.releases,
    now: timestamp(clock),
    target: target.platform.name,
  };
  return kept
    .filter(({ drill, objective }) => drill === request.name && objective === asked.objective)
    .filter((one) => one.unit === ready.unit.name && staleBecause(one, question) === undefined)
    .flatMap(({ runs }) => runs)
    .flatMap((run) => keptFinding(run) ?? [])
    .filter(isBelieved);
}

/**
 * This drill's own runs decide. Where they are sound and too few, earlier ones count with them: n
 * grows by runs. They never turn a miss or a doubt of now into something better.
 */
function judgeWith(
  asked: DeclaredObjective,
  given: Pick<Played, "findings" | "failure"> & { readonly earlier: readonly RunFinding[] },
): Judgement {
  const { findings, earlier, failure } = given;
  const own = judge(asked, findings);
  // A wrong that was seen stays seen, whatever became of the run after it.
  const broken = failure !== undefined && own.verdict !== "missed" && own.verdict !== "aborted";
  if (broken) {
    // What was in doubt before it came first, and is usually why.
    const doubt = findings.every(isBelieved) ? [] : [own.because];
    return { ...own, verdict: "could-not-verify", because: [...doubt, failure].join("; ") };
  }
  const isShort = own.verdict === "could-not-verify" && findings.every(isBelieved);
  if (!isShort || earlier.length === 0) return own;
  const all = judge(asked, [...earlier, ...findings]);
  const runs = earlier.length === 1 ? "1 earlier run" : `${earlier.length} earlier runs`;
  return { ...all, because: `${all.because}, counting ${runs}` };
}

function countOf(earlier: readonly RunFinding[]): { runs: number; sent: number } {
  return {
    runs: earlier.length,
    sent: earlier.reduce((all, { run }) => all + total(run.sent), 0),
  };
}

/** The target is looked at, not asked: what it shows may be this much older than the look. */
const LOOK_MS = 250;

/** Samples beside the prediction: the mechanism is not what it was taken for, held or not. */
function beside(
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

/** What `seaworthy` is to be given to play the same again. */
function againOf(request: PlayedRequest): readonly string[] {
  const { tier } = CATALOGUE[request.name];
  return [
    "drill",
    request.name,
    "--seed",
    `${request.seed}`,
    ...(request.runs === 1 ? [] : ["--runs", `${request.runs}`]),
    ...(request.unit === undefined ? [] : ["--unit", request.unit]),
    ...(tier > "T1" ? ["--tier", tier] : []),
    ...(request.allowOutage ? ["--allow-outage"] : []),
  ];
}
