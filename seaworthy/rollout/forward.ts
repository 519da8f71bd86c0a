import { assertNever } from "@seaworthy/std/assert";
import { worseThanControl } from "./control-group.ts";
import { isReversible, shareToTry } from "./goal.ts";
import { deadlineMsOf } from "./goals.ts";
import { type Cause, judge } from "./judge.ts";
import { LeftOut, saidOf } from "./left-out.ts";
import { lastLines } from "./look.ts";
import { baked, committing, finishing, reversed, stepPassed } from "./memory.ts";
import { startProbe } from "./probe.ts";
import { suspectOf } from "./suspect.ts";
import { errorsIn } from "./regression.ts";
import type { Inconclusive } from "./request.ts";
import { type Counters, NO_COUNTERS, tallyOf } from "./tally.ts";
import { drive, measure, memoryFault, type Roller, type UnitRoll } from "./unit-roll.ts";

/** Measuring at the edge costs it a walk over its endpoints. */
const MEASURE_EVERY_MS = 1_000;
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

/** Rolls one unit until it is proved; the old instances stay warm. */
export async function forward(
  roll: UnitRoll,
  roller: Roller,
  inconclusive: Inconclusive,
): Promise<Forward> {
  const notes = await beginWatching(roll, roller);
  const watch = watcher(roll, roller);
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
        const turned = await judge(roll, roller, inconclusive);
        if (turned !== undefined) return { ...turned, notes };
        judgedGood(roll, roller);
        break;
      }
      default:
        return assertNever(ending);
    }
  }
}

/** Looks at what the new release answers from its first switch on. */
function watcher(roll: UnitRoll, roller: Roller): () => Promise<string | undefined> {
  let measuredMs = roller.clock.now();
  let sinceSwitch: Counters | undefined;
  const leftOut = new LeftOut();
  return async () => {
    const [outlier] = roll.goal.proof === "bake" ? leftOut.look(roll) : [];
    if (outlier !== undefined) {
      roll.culprit ??= outlier.id;
      return saidOf(outlier);
    }
    const hasSwitched = roll.memory.switchedIn.size > 0;
    const complaint = roll.probe?.look(hasSwitched);
    if (complaint !== undefined && shareToTry(roll.goal, roll.memory) === undefined) {
      return complaint;
    }
    if (roller.clock.now() - measuredMs < MEASURE_EVERY_MS) return undefined;
    await measure(roll, roller);
    measuredMs = roller.clock.now();
    if (!hasSwitched) sinceSwitch = roll.counters;
    return newReleaseFails(roll, sinceSwitch ?? NO_COUNTERS);
  };
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
  if (roll.culprit === undefined) await measure(roll, roller);
  const suspect = suspectOf(roll);
  if (suspect === undefined) return;
  const because = roll.seen.instances.find(({ id }) => id === suspect)?.because;
  const state = because === undefined ? [] : [`${suspect}: ${because}`];
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

/** While it rolls; a canary is held against what the old one answered since the first switch. */
function newReleaseFails(roll: UnitRoll, sinceSwitch: Counters): string | undefined {
  if (roll.unit === undefined || roll.goal.proof !== "bake") return undefined;
  const { abort } = roll.unit.rollout;
  const fresh = tallyOf(roll.counters, (one) => one.release === roll.goal.to, sinceSwitch);
  const control = tallyOf(roll.counters, (one) => one.release === roll.goal.from, sinceSwitch);
  const isCanary = roll.goal.strategy.shares.length > 0;
  const settings = roll.unit.rollout;
  const errors = isCanary
    ? worseThanControl({ fresh, control, settings })
    : errorsIn(fresh, abort.errorRatio);
  return errors ?? memoryFault(roll);
}

/** The probe's exact samples have the last word: one that counts lost requests is no proof. */
async function proved(roll: UnitRoll, roller: Roller, notes: readonly string[]): Promise<Forward> {
  if (roll.probe === undefined) return { end: "held", notes };
  const { complaint } = await roll.probe.finish(roller);
  if (complaint === undefined || !isReversible(roll.goal)) return { end: "held", notes };
  return { end: "back", by: "failure", because: complaint, notes };
}
