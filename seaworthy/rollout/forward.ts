import { assertNever } from "@seaworthy/std/assert";
import { DeadlineExceeded } from "@seaworthy/std/clock";
import type { UnitName } from "../plan/graph.ts";
import { errorsIn } from "./bake.ts";
import { deadlineMsOf } from "./goals.ts";
import { isReversible, shareToTry } from "./goal.ts";
import { lastLines } from "./look.ts";
import { baked, committing, finishing, reversed, stepPassed } from "./memory.ts";
import { startProbe } from "./probe.ts";
import { tallyOf } from "./tally.ts";
import { drive, measure, memoryFault, type Roller, type UnitRoll } from "./unit-roll.ts";
import { bounded } from "./wait.ts";
import { watchBake } from "./watch-bake.ts";

/** Measuring at the edge costs it a walk over its endpoints. */
const MEASURE_EVERY_MS = 1_000;
/** Long enough to look at a dashboard, short enough not to hold the lease over lunch. */
const ANSWER_MS = 600_000;

/** `held`: all new, proved, the old ones warm. Anything else says why the unit must go back. */
export type Forward =
  | { readonly end: "held"; readonly notes: readonly string[] }
  | {
      readonly end: "back";
      readonly by: Cause;
      readonly because: string;
      readonly notes: readonly string[];
    }
  /** There is no other state to go back to (a repair). */
  | { readonly end: "stuck"; readonly because: string; readonly notes: readonly string[] };

export type Cause = "failure" | "operator" | "inconclusive";

/** Rolls one unit until it is proved; the old instances stay warm. */
export async function forward(
  roll: UnitRoll,
  roller: Roller,
  inconclusive: (unit: UnitName) => Promise<"keep" | "go-back">,
): Promise<Forward> {
  const notes = await beginWatching(roll, roller);
  let measuredMs = roller.clock.now();
  const watch = async (): Promise<string | undefined> => {
    const hasSwitched = roll.memory.switchedIn.size > 0;
    const complaint = roll.probe?.look(hasSwitched);
    if (complaint !== undefined) return complaint;
    if (roller.clock.now() - measuredMs < MEASURE_EVERY_MS) return undefined;
    await measure(roll, roller);
    measuredMs = roller.clock.now();
    return newReleaseFails(roll);
  };
  for (;;) {
    const ending = await drive(roll, roller, watch);
    switch (ending.kind) {
      case "held":
      case "done":
        return await proved(roll, roller, notes);
      case "gave-up":
        return { end: "stuck", because: ending.because, notes };
      case "reverse":
        return { end: "back", by: ending.by, because: ending.because, notes };
      case "bake": {
        const turned = await bake(roll, roller, inconclusive);
        if (turned !== undefined) return { ...turned, notes };
        judgedGood(roll, roller);
        break;
      }
      default:
        return assertNever(ending);
    }
  }
}

/** How long it was watched is no part of how long rolling may take: there is a new deadline. */
function judgedGood(roll: UnitRoll, roller: Roller): void {
  const deadlineMs = roller.clock.now() + deadlineMsOf(roll.goal);
  const isStep = shareToTry(roll.goal, roll.memory) !== undefined;
  roll.memory = isStep ? stepPassed(roll.memory, deadlineMs) : baked(roll.memory, deadlineMs);
}

/** Goes back with the same promises, and no bake. Undefined: it is back. */
export async function goBack(
  roll: UnitRoll,
  roller: Roller,
  because: string,
): Promise<string | undefined> {
  const { unit } = roll.goal;
  roller.emit({ kind: "direction", unit, direction: "reverse", because });
  roll.memory = reversed(roll.memory, roller.clock.now() + deadlineMsOf(roll.goal));
  return await rest(roll, roller);
}

/** What it serves is what a rollback returns to from now on. Undefined: done. */
export async function commit(roll: UnitRoll, roller: Roller): Promise<string | undefined> {
  roll.memory = committing(roll.memory, roller.clock.now() + deadlineMsOf(roll.goal));
  return await rest(roll, roller);
}

/** Stops what was kept warm. Undefined: done. */
export async function finish(roll: UnitRoll, roller: Roller): Promise<string | undefined> {
  roll.memory = finishing(roll.memory, roller.clock.now() + deadlineMsOf(roll.goal));
  return await rest(roll, roller);
}

async function rest(roll: UnitRoll, roller: Roller): Promise<string | undefined> {
  const ending = await drive(roll, roller, () => Promise.resolve(undefined));
  if (ending.kind === "done" || ending.kind === "held") return undefined;
  return ending.kind === "gave-up" ? ending.because : `it came to rest at '${ending.kind}'`;
}

/** What failed, for a person: the last probe and log lines, read before they are gone. */
export async function explain(roll: UnitRoll, roller: Roller): Promise<void> {
  if (roll.detail.length > 0) return;
  const mine = roll.seen.instances.filter((one) => one.release === roll.goal.to);
  const suspect =
    roll.culprit ??
    mine.find((one) => one.state !== "ready" || one.restarts > 0)?.id ??
    mine.at(-1)?.id;
  if (suspect === undefined) return;
  const seen = mine.find((one) => one.id === suspect);
  const state = seen?.because === undefined ? [] : [`${suspect}: ${seen.because}`];
  roll.detail = [...state, ...(await lastLines(roller, suspect))];
}

async function beginWatching(roll: UnitRoll, roller: Roller): Promise<readonly string[]> {
  const { goal, unit } = roll;
  // Nothing takes requests before a first release: a probe would count only its own refusals.
  if (unit === undefined || goal.from === undefined || goal.proof === "none") return [];
  await measure(roll, roller);
  const probe = await startProbe(roller, unit, roll.seen.url);
  if (typeof probe === "string") return [`${unit.name}: ${probe}`];
  roll.probe = probe;
  return [];
}

function newReleaseFails(roll: UnitRoll): string | undefined {
  if (roll.unit === undefined || roll.goal.proof !== "bake") return undefined;
  const fresh = tallyOf(roll.counters, (one) => one.release === roll.goal.to);
  return errorsIn(fresh, roll.unit.rollout.abort.errorRatio) ?? memoryFault(roll);
}

async function bake(
  roll: UnitRoll,
  roller: Roller,
  inconclusive: (unit: UnitName) => Promise<"keep" | "go-back">,
): Promise<{ end: "back"; by: Cause; because: string } | undefined> {
  if (roll.unit === undefined) return undefined;
  const end = await watchBake(roll, roller, roll.unit.rollout);
  switch (end.verdict) {
    case "pass":
      return undefined;
    case "fail":
      return { end: "back", by: "failure", because: end.because };
    case "stopped":
      return { end: "back", by: "operator", because: end.because };
    case "inconclusive":
      if ((await answer(roll, roller, inconclusive)) === "keep") return undefined;
      if (roller.stopRequested()) {
        return { end: "back", by: "operator", because: "stopped on request" };
      }
      return { end: "back", by: "inconclusive", because: `the bake says nothing: ${end.because}` };
    default:
      return assertNever(end);
  }
}

/** Both generations run while a person thinks; nobody there is the same as no terminal. */
async function answer(
  roll: UnitRoll,
  roller: Roller,
  inconclusive: (unit: UnitName) => Promise<"keep" | "go-back">,
): Promise<"keep" | "go-back"> {
  const { unit } = roll.goal;
  const limits = { what: `an answer about ${unit}`, ms: ANSWER_MS, signal: roller.signal };
  try {
    return await bounded(roller, limits, () => inconclusive(unit));
  } catch (error) {
    if (error instanceof DeadlineExceeded) return "go-back";
    throw error;
  }
}

/** The probe's exact samples have the last word: one that counts lost requests is no proof. */
async function proved(roll: UnitRoll, roller: Roller, notes: readonly string[]): Promise<Forward> {
  if (roll.probe === undefined) return { end: "held", notes };
  const { complaint } = await roll.probe.finish(roller);
  if (complaint === undefined || !isReversible(roll.goal)) return { end: "held", notes };
  return { end: "back", by: "failure", because: complaint, notes };
}
