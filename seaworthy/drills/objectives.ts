import { humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import type { Evidence, Verdict } from "../record/evidence.ts";
import { canonicalHash } from "../system/canonical-json.ts";
import type { ObjectiveName, Objectives, Parsed } from "../system/system.ts";
import { CATALOGUE, isDrillName } from "./catalogue.ts";

/** What `status` says of one declared objective (architecture §13). */
export interface ObjectiveState {
  readonly objective: ObjectiveName;
  /** The limit as people read it: `≤ 0.1 %`. */
  readonly declared: string;
  readonly state: Verdict | "stale" | "never-tried";
  readonly because: string;
  readonly figure: string | undefined;
  readonly runs: number;
  /** RFC 3339. */
  readonly at: string | undefined;
  readonly drill: string | undefined;
}

export interface ObjectiveQuestion {
  readonly parsed: Parsed;
  /** Oldest first. */
  readonly evidence: readonly Evidence[];
  /** Unit → release that serves now. */
  readonly releases: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly now: string;
  readonly target: string;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Where no `drills.every` is declared: older evidence says nothing about today. */
const EVIDENCE_MS_MAX = 7 * DAY_MS;

export function objectiveStates(question: ObjectiveQuestion): readonly ObjectiveState[] {
  return declaredObjectives(question.parsed.system.objectives).map((declared) =>
    declared.objective === "availability"
      ? availabilityState(declared, question)
      : stateOf(declared, question),
  );
}

/** What a later change would make stale: every objective with evidence that it is held. */
export function evidenceObjectives(evidence: readonly Evidence[]): readonly ObjectiveName[] {
  const held = evidence.filter(({ verdict }) => verdict === "held");
  return [...new Set(held.map(({ objective }) => objective))];
}

export interface DeclaredObjective {
  readonly objective: ObjectiveName;
  readonly limit: number;
}

const OBJECTIVE_NAMES = [
  "availability",
  "errors",
  "latency.p95",
  "latency.p99",
  "recovery.time",
  "connections",
] as const satisfies readonly ObjectiveName[];

export function declaredObjectives(objectives: Objectives): readonly DeclaredObjective[] {
  const limits: Readonly<Record<ObjectiveName, number | undefined>> = {
    availability: objectives.availability,
    errors: objectives.errorRatio,
    "latency.p95": objectives.latencyP95Ms,
    "latency.p99": objectives.latencyP99Ms,
    "recovery.time": objectives.recoveryTimeMs,
    connections: objectives.connections,
  };
  return OBJECTIVE_NAMES.flatMap((objective) => {
    const limit = limits[objective];
    return limit === undefined ? [] : [{ objective, limit }];
  });
}

/** `≤ 0.1 %`, `≤ 500 ms`, `≥ 99.9 %`. */
export function limitText({ objective, limit }: DeclaredObjective): string {
  const isFloor = objective === "availability" || objective === "connections";
  return `${isFloor ? "≥" : "≤"} ${figureText(objective, limit)}`;
}

/** A measured value in the objective's own unit. */
export function figureText(objective: ObjectiveName, value: number): string {
  switch (objective) {
    case "errors":
    case "availability":
      return humanPercent(Number(value.toPrecision(3)));
    case "latency.p95":
    case "latency.p99":
    case "recovery.time":
      return humanDuration(value);
    case "connections":
      return value.toLocaleString("en-US");
  }
}

function stateOf(declared: DeclaredObjective, question: ObjectiveQuestion): ObjectiveState {
  const spoken = question.evidence.filter(
    (one) => one.objective === declared.objective && !isRehearsed(one),
  );
  const latest = spoken.at(-1);
  const base = { objective: declared.objective, declared: limitText(declared) };
  if (latest === undefined) return { ...base, ...NEVER_TRIED };
  const current = spoken.filter((one) => staleBecause(one, question) === undefined);
  const worst = worstOf(current);
  const shown = worst ?? latest;
  return {
    ...base,
    state: worst?.verdict ?? "stale",
    because: worst?.because ?? staleBecause(latest, question) ?? "",
    figure: shown.measured === undefined ? undefined : figureText(shown.objective, shown.measured),
    runs: shown.runs.length + (shown.earlier?.runs ?? 0),
    at: shown.at,
    drill: shown.drill,
  };
}

/** A copy that nobody uses held it: a miss there is one, but nobody's users were served. */
function isRehearsed({ drill, verdict }: Evidence): boolean {
  return verdict === "held" && isDrillName(drill) && CATALOGUE[drill].kind === "rehearsal";
}

const NEVER_TRIED = {
  state: "never-tried",
  because: "no drill has tried it here",
  figure: undefined,
  runs: 0,
  at: undefined,
  drill: undefined,
} as const;

/**
 * The identity of what evidence speaks of: the declaration without the times at which drills are
 * due and must rest, which change nothing that runs.
 */
export function spokenHash({ system, hash }: Parsed): string {
  const { everyMs, blackouts, ...drills } = system.drills;
  const isTimed = everyMs !== undefined || blackouts !== undefined;
  return isTimed ? canonicalHash({ ...system, drills }) : hash;
}

/** Why this evidence does not speak of what serves now; undefined when it does. */
export function staleBecause(
  one: Evidence,
  question: Omit<ObjectiveQuestion, "evidence">,
): string | undefined {
  if (one.target !== question.target) return `it was shown on ${one.target}`;
  if (one.declarationHash !== spokenHash(question.parsed)) return "the declaration changed since";
  for (const [unit, release] of Object.entries(one.releases)) {
    const serving = question.releases[unit];
    if (serving !== release) {
      return `${unit} was ${release} then and is ${serving ?? "not served"} now`;
    }
  }
  const ageMs = Date.parse(question.now) - Date.parse(one.at);
  const { everyMs } = question.parsed.system.drills;
  if (ageMs > (everyMs ?? EVIDENCE_MS_MAX)) return `it is ${ageText(ageMs)} old`;
  return undefined;
}

/** In the greatest unit that is full: what is a week old needs no minutes. */
function ageText(ageMs: number): string {
  const [unit, ms] =
    ageMs >= 2 * DAY_MS ? (["days", DAY_MS] as const) : (["hours", HOUR_MS] as const);
  return ageMs < 2 * HOUR_MS ? humanDuration(ageMs) : `${Math.floor(ageMs / ms)} ${unit}`;
}

const BAD_TO_GOOD: readonly Verdict[] = ["missed", "aborted", "could-not-verify", "held"];

/**
 * A miss stays until what missed changes or it is too old: running again until it is green proves
 * nothing. A run that verified nothing is replaced by a later one of the same drill.
 */
function worstOf(current: readonly Evidence[]): Evidence | undefined {
  const latestOfDrill = new Map(current.map((one) => [one.drill, one]));
  const counted = current.filter(
    (one) => one.verdict === "missed" || latestOfDrill.get(one.drill) === one,
  );
  for (const verdict of BAD_TO_GOOD) {
    const found = counted.findLast((one) => one.verdict === verdict);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The month that an availability is promised over. */
export const MONTH_MS = 30 * DAY_MS;

/** What a month may be down at this availability (30 days). */
export function monthBudgetMs(availability: number): number {
  return (1 - availability) * MONTH_MS;
}

/** No drill of a minute proves "99.9 %": what a fault costs of the month's budget is shown. */
function availabilityState(
  declared: DeclaredObjective,
  question: ObjectiveQuestion,
): ObjectiveState {
  const budgetMs = monthBudgetMs(declared.limit);
  const kill = question.evidence.findLast(
    (one) =>
      one.drill === "kill-instance" &&
      (one.verdict === "held" || one.verdict === "missed") &&
      staleBecause(one, question) === undefined,
  );
  const base = { objective: declared.objective, declared: limitText(declared) };
  const budget = `a month may lose ${humanDuration(budgetMs)}`;
  if (kill === undefined) {
    const because = `a drill cannot prove it; ${budget}, and no fault's cost was measured`;
    return { ...base, ...NEVER_TRIED, because };
  }
  const outageMs = Math.max(...kill.runs.map(({ outage }) => outage.unavailableMs));
  const cost = humanDuration(outageMs);
  return {
    ...base,
    state: "could-not-verify",
    because: `a drill cannot prove it; ${budget}, a killed instance cost ${cost}`,
    figure: `${cost} a fault`,
    runs: kill.runs.length,
    at: kill.at,
    drill: kill.drill,
  };
}
