import { humanDuration } from "@seaworthy/std/duration";
import type { Sample } from "../load/load.ts";
import { latencyOf } from "../load/window.ts";
import type { ReleaseId } from "../record/release.ts";
import type { RolloutOutcome } from "../rollout/outcome.ts";
import type { BadRelease } from "./bad-release.ts";
import type { RolledIn } from "./sibling.ts";

/** What was seen of a roll, by those who rolled and by those who looked on. */
export interface RollSeen {
  readonly outcome: Pick<RolloutOutcome, "outcome" | "because" | "seconds">;
  readonly own: ReleaseId;
  readonly release: ReleaseId;
  readonly started: boolean;
  readonly routed: boolean;
  readonly died: boolean;
  /** The most that an instance of it held, and what it was to take. */
  readonly heldBytes: number | undefined;
  readonly leakBytes: number;
}

export interface RollJudgement {
  readonly wrongs: readonly string[];
  readonly doubts: readonly string[];
  /** What shows that it happened. */
  readonly injected: string | undefined;
}

interface Badness {
  readonly release: string;
  /** What a rollout says that takes it back for this. */
  readonly because: RegExp;
  /** It may be sent requests until it is found out. */
  readonly serves: boolean;
}

const NOT_READY = /not ready|not be ready/;
const DIED = /died|restarted/;
const FAILED = /\bfailed \(|errors/;

const BADNESS: Readonly<Record<BadRelease, Badness>> = {
  "never-ready": { release: "is never ready", because: NOT_READY, serves: false },
  "one-works": { release: "works on one instance only", because: NOT_READY, serves: true },
  exiting: { release: "ends at once", because: /does not stay up|not ready|died/, serves: false },
  crashing: { release: "crashes", because: DIED, serves: true },
  unhealthy: { release: "fails its health check", because: DIED, serves: true },
  slow: { release: "is slow", because: /p95|slower/, serves: true },
  failing: { release: "answers with errors", because: FAILED, serves: true },
  grey: { release: "answers nothing but errors", because: FAILED, serves: true },
  leaking: { release: "leaks memory", because: /of memory/, serves: true },
};

/** Outcomes of a roll that was tried, whatever came of it. */
const TRIED: readonly RolloutOutcome["outcome"][] = [
  "done",
  "rolled-back",
  "not-rolled-back",
  "interrupted",
];

/** What a roll forward shows; the requests it cost are judged by their figures. */
export function judgeRoll(rolledIn: RolledIn, seen: RollSeen): RollJudgement {
  const { outcome, because, seconds } = seen.outcome;
  const took = humanDuration(seconds * 1_000);
  const what = `${seen.own} → ${seen.release}: ${outcome} after ${took}`;
  const { wrongs, doubts } = rolledIn === "same" ? same(seen) : bad(rolledIn, seen);
  const untried = TRIED.includes(outcome) ? [] : [`the roll ended as ${outcome}: ${because}`];
  const how = seen.routed ? "it was seen serving" : "an instance of it was seen, not routed";
  const mustServe = rolledIn === "same" && wrongs.length === 0;
  const happened = seen.started && (seen.routed || !mustServe);
  return {
    wrongs,
    doubts: [...doubts, ...untried],
    injected: happened ? `${what}; ${how}` : undefined,
  };
}

type Found = Pick<RollJudgement, "wrongs" | "doubts">;

function same({ outcome: { outcome, because } }: RollSeen): Found {
  const wrongs =
    outcome === "not-rolled-back"
      ? [`not rolled back: ${because}`]
      : outcome === "rolled-back"
        ? [`the same content was taken back: ${because}`]
        : [];
  return { wrongs, doubts: [] };
}

/** What is wrong about a release of this kind that was sent requests: nothing, if it may be. */
export function wrongToServe(rolledIn: RolledIn): readonly string[] {
  if (rolledIn === "same" || BADNESS[rolledIn].serves) return [];
  return [`a release that ${BADNESS[rolledIn].release} was sent requests`];
}

function bad(rolledIn: BadRelease, { outcome: { outcome, because }, routed }: RollSeen): Found {
  const badness = BADNESS[rolledIn];
  const wrongs: string[] = routed ? [...wrongToServe(rolledIn)] : [];
  if (outcome === "not-rolled-back") wrongs.push(`not rolled back: ${because}`);
  if (outcome === "done" && !badness.serves) wrongs.push(takenAsGood(badness));
  const isOther = outcome === "rolled-back" && !badness.because.test(because);
  return { wrongs, doubts: isOther ? [`taken back, but for another reason: ${because}`] : [] };
}

function takenAsGood({ release }: Badness): string {
  return `a release that ${release} was taken as good`;
}

/** Fewer answers have no such percentile. */
const SLOW_ANSWERS_MIN = 20;
const SLOW_FACTOR = 2;
const SERVER_ERROR = 500;

/**
 * A roll that ended well although its release was bad: what of that its clients and the onlookers
 * saw. Undefined: nothing, so that nothing is proved either.
 */
export function goodInSpiteOf(
  rolledIn: BadRelease,
  seen: RollSeen,
  window: readonly Sample[],
): string | undefined {
  const badness = BADNESS[rolledIn];
  const symptom = symptomOf(rolledIn, seen, window);
  return symptom === undefined ? undefined : `${takenAsGood(badness)}: ${symptom}`;
}

function symptomOf(
  rolledIn: BadRelease,
  seen: RollSeen,
  window: readonly Sample[],
): string | undefined {
  const ofIt = window.filter(({ release }) => release === seen.release);
  switch (rolledIn) {
    case "failing":
    case "grey": {
      const errors = ofIt.filter(({ status }) => (status ?? 0) >= SERVER_ERROR).length;
      return errors === 0 ? undefined : `${errors} of its ${ofIt.length} answers were errors`;
    }
    case "slow":
      return slowness(
        ofIt,
        window.filter(({ release }) => release === seen.own),
      );
    case "crashing":
    case "unhealthy":
      return seen.died ? "an instance of it ended by itself" : undefined;
    case "leaking": {
      const leaked = seen.heldBytes !== undefined && seen.heldBytes > seen.leakBytes;
      return leaked ? `an instance of it held ${seen.heldBytes} bytes` : undefined;
    }
    case "never-ready":
    case "exiting":
    case "one-works":
      return "the roll ended as done";
  }
}

function slowness(ofIt: readonly Sample[], others: readonly Sample[]): string | undefined {
  const [now, before] = [latencyOf(ofIt), latencyOf(others)];
  if (now.count < SLOW_ANSWERS_MIN || before.count < SLOW_ANSWERS_MIN) return undefined;
  if (now.p95Ms < SLOW_FACTOR * before.p95Ms) return undefined;
  const [its, theirs] = [humanDuration(now.p95Ms), humanDuration(before.p95Ms)];
  return `its p95 was ${its}, that of the others ${theirs}`;
}
