import { assertNever } from "@seaworthy/std/assert";
import type { ServiceUnit } from "../plan/graph.ts";
import { startPair } from "./pair.ts";
import type { Inconclusive } from "./request.ts";
import type { Roller, UnitRoll } from "./unit-roll.ts";
import { bounded } from "./wait.ts";
import { type BakeEnd, BakeWatch, type Watched } from "./watch-bake.ts";

/** Why a unit goes back: it failed, a person said so, or nobody could tell. */
export type Cause = "failure" | "operator" | "inconclusive";

export interface Verdict {
  readonly end: "back";
  readonly by: Cause;
  readonly because: string;
}

/** Long enough to look at a dashboard, short enough not to hold the lease over lunch. */
const ANSWER_MS = 600_000;
/** The look during which the time to answer ran out may still end. */
const LAST_LOOK_MS = 60_000;

/** Judges what serves now: all of the new release, or a canary's step. Undefined: it is good. */
export async function judge(
  roll: UnitRoll,
  roller: Roller,
  inconclusive: Inconclusive,
): Promise<Verdict | undefined> {
  if (roll.unit === undefined) return undefined;
  const watched = watchedOf(roll.unit, roll);
  await using _pair = watched.share === undefined ? undefined : await startPair(roll, roller);
  const watch = await BakeWatch.begin(roll, roller, watched);
  const end = await watch.judged();
  if (end.verdict !== "inconclusive") return verdictOf(end);
  const answer = await held(watch, { roll, roller, inconclusive, because: end.because });
  if (answer === "keep") {
    // What nobody could tell is taken on by name: from here on it counts anew.
    roll.probe?.countAnew();
    return undefined;
  }
  if (answer !== "go-back") return verdictOf(answer);
  return { end: "back", by: "inconclusive", because: `the bake says nothing: ${end.because}` };
}

function watchedOf({ rollout }: ServiceUnit, { goal, memory }: UnitRoll): Watched {
  const isTried = goal.strategy.shares.length > memory.passed;
  const step = isTried ? rollout.canary[memory.passed] : undefined;
  const settings = { ...rollout, bakeMs: step?.bakeMs ?? rollout.bakeMs };
  return { settings, share: step?.share };
}

function verdictOf(end: BakeEnd): Verdict | undefined {
  switch (end.verdict) {
    case "pass":
    case "inconclusive":
      return undefined;
    case "fail":
      return { end: "back", by: "failure", because: end.because };
    case "stopped":
      return { end: "back", by: "operator", because: end.because };
    default:
      return assertNever(end);
  }
}

/**
 * Both generations run, and are watched, while a person thinks; nobody there is the same as no
 * terminal.
 */
async function held(
  watch: BakeWatch,
  asking: {
    readonly roll: UnitRoll;
    readonly roller: Roller;
    readonly inconclusive: Inconclusive;
    readonly because: string;
  },
): Promise<BakeEnd | "keep" | "go-back"> {
  const { roll, roller, inconclusive, because } = asking;
  const { unit } = roll.goal;
  const untilMs = roller.clock.now() + ANSWER_MS;
  const limits = { what: `an answer about ${unit}`, ms: ANSWER_MS + LAST_LOOK_MS };
  return await bounded(roller, { ...limits, signal: roller.signal }, async () => {
    let answer: "keep" | "go-back" | undefined;
    let failure: unknown;
    const asked = inconclusive(unit, because).then(
      (word) => (answer = word),
      (error: unknown) => (failure = error),
    );
    // Where there is no terminal it is answered at once.
    await Promise.race([asked, roller.clock.sleep(0)]);
    return await watch.held(() => {
      if (failure !== undefined) throw failure;
      return answer ?? (roller.clock.now() >= untilMs ? "go-back" : undefined);
    });
  });
}
