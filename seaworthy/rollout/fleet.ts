import type { ServiceUnit, UnitName } from "../plan/graph.ts";
import type { PlanStep } from "../plan/plan.ts";
import type { JournalEntry } from "../record/journal.ts";
import { provedOf } from "../record/taken-back.ts";
import { unendedChanges } from "../record/under-way.ts";
import type { Observed } from "../targets/target.ts";
import { commit, explain, finish, type Forward, forward, goBack } from "./forward.ts";
import type { Goal } from "./goal.ts";
import { deadlineMsOf, emptyingOf, goalOf } from "./goals.ts";
import type { Cause } from "./judge.ts";
import { unitIn } from "./look.ts";
import { freshMemory } from "./memory.ts";
import type { ConvergeRequest, End } from "./request.ts";
import { type Position, positionOf } from "./resume.ts";
import type { Roller, UnitRoll } from "./unit-roll.ts";
import { NO_COUNTERS } from "./tally.ts";

/** Why the fleet turns back; `stuck` units have no way back of their own. */
export interface Turn {
  readonly by: Cause;
  readonly because: string;
  readonly stuck: readonly UnitName[];
}

interface Progress {
  readonly observed: Observed;
  readonly planned: readonly PlannedRoll[];
  readonly rolls: UnitRoll[];
  readonly notes: string[];
}

const ROLLS: readonly PlanStep["action"][] = ["create", "roll", "scale", "repair", "restart"];

/** A planned change of a service as the rollout does it, and how far an earlier run came. */
export interface PlannedRoll {
  readonly unit: ServiceUnit;
  readonly goal: Goal;
  readonly position: Position;
}

/** What is to be rolled, in the plan's order, before any of it is begun. */
export function plannedRolls(
  request: Pick<ConvergeRequest, "plan" | "graph" | "verb">,
  observed: Observed,
  journal: readonly JournalEntry[],
): readonly PlannedRoll[] {
  return request.plan.steps
    .filter(({ action }) => ROLLS.includes(action))
    .flatMap((step) => {
      const unit = request.graph.units.find((one) => one.name === step.unit);
      // The edge is the target's own business: `define` started and configured it.
      if (unit?.kind !== "service") return [];
      const unended = unendedChanges(journal, unit.name);
      const seen = unitIn(observed, unit.name);
      // What serves may be the bad one: nothing to hold against what was proved here once.
      const proved = request.verb === "rollback" ? provedOf(journal, seen).releases : [];
      const goal = goalOf(step, unit, { observed, unended, proved });
      return [{ unit, goal, position: positionOf(goal, seen, unended) }];
    });
}

/** Rolls the units one after the other; all stay reversible until the last one is proved. */
export async function rollFleet(
  request: ConvergeRequest,
  roller: Roller,
  progress: Progress,
): Promise<Turn | undefined> {
  for (const { unit, goal, position } of progress.planned) {
    const roll = rollOf(goal, { unit, roller, progress });
    roll.memory = { ...roll.memory, passed: position.passed };
    // Nothing is left to commit: what was committed before stays what a rollback returns to.
    if (!request.commits) roll.memory = { ...roll.memory, committed: true };
    progress.rolls.push(roll);
    const end = await forward(roll, roller, request.inconclusive);
    progress.notes.push(...end.notes);
    if (end.end !== "held") return await turnOf(roll, roller, end);
  }
  return undefined;
}

/** Takes every unit of this operation back, the last one first. */
export async function goBackFleet(
  roller: Roller,
  rolls: readonly UnitRoll[],
  turn: Turn,
): Promise<End> {
  const detail = rolls.flatMap((roll) => roll.detail);
  const stuck: string[] = [];
  const back: string[] = [];
  for (const roll of rolls.toReversed()) {
    const { unit, from } = roll.goal;
    if (turn.stuck.includes(unit)) {
      stuck.push(`${unit} (${stateOf(roll)})`);
      continue;
    }
    const failure = await goBack(roll, roller, turn.because);
    if (failure === undefined) {
      back.push(
        from === undefined ? `${unit} is stopped (nothing ran before)` : `${unit} on ${from}`,
      );
    } else stuck.push(`${unit} (${failure}; ${stateOf(roll)})`);
  }
  if (stuck.length > 0) {
    const because = `${turn.because}; not brought back: ${stuck.join(", ")}`;
    return { outcome: "not-rolled-back", because, detail };
  }
  const outcomes = {
    failure: "rolled-back",
    operator: "interrupted",
    inconclusive: "could-not-verify",
  } as const;
  const because = back.length === 0 ? turn.because : `${turn.because}; back: ${back.join(", ")}`;
  return { outcome: outcomes[turn.by], because, detail };
}

/**
 * Everything is proved: all of it is committed first, then old instances are stopped. A run that
 * dies between the two leaves only stopping to the next one.
 */
export async function finishFleet(
  roller: Roller,
  rolls: readonly UnitRoll[],
): Promise<End | undefined> {
  for (const end of [commit, finish]) {
    for (const roll of rolls) {
      const failure = await end(roll, roller);
      if (failure === undefined) continue;
      const { unit, to } = roll.goal;
      const because = `${unit} serves ${to}, but: ${failure}; ${stateOf(roll)}`;
      return { outcome: "not-rolled-back", because, detail: roll.detail };
    }
  }
  return undefined;
}

/** Units that are no longer declared: out of the routes, drained, stopped, forgotten. */
export async function removeUnits(
  request: Pick<ConvergeRequest, "plan" | "graph">,
  roller: Roller,
): Promise<End | undefined> {
  for (const step of request.plan.steps.filter(({ action }) => action === "remove")) {
    const failure = await removeUnit(roller, emptyingOf(step.unit, request.graph));
    if (failure !== undefined) return failure;
  }
  return undefined;
}

export async function removeUnit(roller: Roller, goal: Goal): Promise<End | undefined> {
  const roll = rollOf(goal, { unit: undefined, roller, progress: undefined });
  const failure = await finish(roll, roller);
  if (failure !== undefined) {
    const because = `${goal.unit} could not be emptied: ${failure}; ${stateOf(roll)}`;
    return { outcome: "not-rolled-back", because, detail: roll.detail };
  }
  const result = await roller.steps.run({ action: "remove", unit: goal.unit });
  if (result.outcome === "done") return undefined;
  return { outcome: "not-rolled-back", because: result.because, detail: result.detail };
}

function rollOf(
  goal: Goal,
  from: {
    readonly unit: UnitRoll["unit"];
    readonly roller: Roller;
    readonly progress: Progress | undefined;
  },
): UnitRoll {
  const seen = unitIn(from.progress?.observed ?? NOTHING, goal.unit);
  return {
    goal,
    unit: from.unit,
    memory: freshMemory(from.roller.clock.now() + deadlineMsOf(goal)),
    counters: NO_COUNTERS,
    seen,
    probe: undefined,
    detail: [],
    culprit: undefined,
  };
}

const NOTHING: Observed = { basis: "", exists: false, units: [], edge: undefined };

async function turnOf(
  roll: UnitRoll,
  roller: Roller,
  end: Exclude<Forward, { readonly end: "held" }>,
): Promise<Turn> {
  const because = `${roll.goal.unit}: ${end.because}`;
  const by = end.end === "back" ? end.by : "failure";
  if (by === "failure") await explain(roll, roller);
  return { by, because, stuck: end.end === "stuck" ? [roll.goal.unit] : [] };
}

/** The exact state, for the person who has to go on from it. */
function stateOf(roll: UnitRoll): string {
  const texts = roll.seen.instances.map(
    (one) => `${one.id} ${one.release} ${one.state}${one.routed ? " routed" : ""}`,
  );
  return texts.length === 0 ? "nothing runs" : `now ${texts.join(", ")}`;
}
