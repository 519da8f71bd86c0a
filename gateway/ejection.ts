import { assertNever } from "@seaworthy/std/assert";
import type { Clock } from "@seaworthy/std/clock";
import type { Ejected, EjectReason } from "./control.ts";

/** Time-outs, or kept-alive connections lost, in a row that eject an endpoint. */
const TIMEOUTS_MAX = 3;
/** 5xx in a row that eject: by chance, 5 % of errors do so once in three million answers. */
const ERRORS_MAX = 5;
/** The same on trial. One would do, if no service ever answered 5xx by chance. */
const TRIAL_ERRORS_MAX = 2;
/** The first ejection; each further one is twice as long. */
export const EJECT_FIRST_MS = 5_000;
export const EJECT_LONGEST_MS = 60_000;
/** Good service for so long, and earlier ejections count no more. */
export const FORGET_MS = 60_000;
/** Good answers by which one that came back has passed its trial. */
export const TRIAL_ANSWERS = 10;

/** What requests have shown of one endpoint. Times are on the worker's monotonic clock. */
export interface Standing {
  readonly ejected: { readonly reason: EjectReason; readonly untilMs: number } | undefined;
  /** Ejections without `FORGET_MS` of good service between them. */
  readonly times: number;
  /** When the last one ended. */
  readonly backMs: number;
  readonly trialLeft: number;
  /** In a row. */
  readonly timeouts: number;
  readonly errors: number;
}

export const GOOD_STANDING: Standing = {
  ejected: undefined,
  times: 0,
  backMs: 0,
  trialLeft: 0,
  timeouts: 0,
  errors: 0,
};

/**
 * `reset`: a fresh connection was cut before an answer: out at once. `timeout`: no answer in time,
 * or a kept-alive connection that was cut. `error`: a 5xx, or what is no HTTP. `error-rate` and
 * `slow`: far from the others (outlier.ts). `check-passed`: as often in a row as brings it back.
 */
export type StandingEvent =
  | "reset"
  | "timeout"
  | "error"
  | "answered"
  | "error-rate"
  | "slow"
  | "check-passed"
  | "time";

export interface StandingRules {
  readonly nowMs: number;
  /** Would at least half of the pool still be usable without this endpoint? */
  readonly mayEject: boolean;
  /** Do the others answer well? Else it is no outlier, and leaving it out would help nobody. */
  readonly othersAnswer: boolean;
}

export function nextStanding(
  state: Standing,
  event: StandingEvent,
  rules: StandingRules,
): Standing {
  const onTrial = state.trialLeft > 0;
  switch (event) {
    case "reset":
      return eject({ ...state, timeouts: TIMEOUTS_MAX }, "lost", rules);
    case "timeout": {
      const timeouts = state.timeouts + 1;
      const isOut = timeouts >= (onTrial ? 1 : TIMEOUTS_MAX);
      return isOut ? eject({ ...state, timeouts }, "timeouts", rules) : { ...state, timeouts };
    }
    case "error": {
      const errors = state.errors + 1;
      const isOut = errors >= (onTrial ? TRIAL_ERRORS_MAX : ERRORS_MAX) && rules.othersAnswer;
      return isOut ? eject({ ...state, errors }, "errors", rules) : { ...state, errors };
    }
    case "answered":
      return { ...state, timeouts: 0, errors: 0, trialLeft: Math.max(0, state.trialLeft - 1) };
    case "error-rate":
    case "slow":
      return eject(state, event, rules);
    case "check-passed":
    case "time":
      return mayReturn(state, event, rules.nowMs) ? back(state, rules.nowMs) : state;
    default:
      return assertNever(event);
  }
}

/** False where the next good answer has nothing to say about it: nearly always. */
export function isWatched({ timeouts, errors, trialLeft }: Standing): boolean {
  return timeouts > 0 || errors > 0 || trialLeft > 0;
}

function eject(state: Standing, reason: EjectReason, rules: StandingRules): Standing {
  if (state.ejected !== undefined || !rules.mayEject) return state;
  const { nowMs } = rules;
  const times = isForgotten(state, nowMs) ? 1 : state.times + 1;
  const untilMs = nowMs + ejectionMs(reason, times);
  return { ...GOOD_STANDING, ejected: { reason, untilMs }, times, backMs: state.backMs };
}

/** What a check can see is over when it passes, the first time: a process was started again. */
function ejectionMs(reason: EjectReason, times: number): number {
  const doublings = isSeenByChecks(reason) ? times - 2 : times - 1;
  if (doublings < 0) return 0;
  return Math.min(EJECT_LONGEST_MS, EJECT_FIRST_MS * 2 ** Math.min(doublings, 10));
}

/** Whether a connection is taken and answered in time. */
function isSeenByChecks(reason: EjectReason): boolean {
  return reason === "lost" || reason === "timeouts";
}

function mayReturn({ ejected }: Standing, event: "check-passed" | "time", nowMs: number): boolean {
  if (ejected === undefined || nowMs < ejected.untilMs) return false;
  return isSeenByChecks(ejected.reason) === (event === "check-passed");
}

function back({ times }: Standing, nowMs: number): Standing {
  return { ...GOOD_STANDING, times, backMs: nowMs, trialLeft: TRIAL_ANSWERS };
}

/** What another worker knew of an ejection, on this worker's clock. */
export function standingFrom(ejected: Ejected | undefined, clock: Clock): Standing {
  if (ejected === undefined) return GOOD_STANDING;
  const { reason, untilWallMs, times } = ejected;
  // The wall clock may have been set meanwhile: no ejection gets longer by that.
  const leftMs = Math.min(EJECT_LONGEST_MS, Math.max(0, untilWallMs - clock.wall()));
  return { ...GOOD_STANDING, times, ejected: { reason, untilMs: clock.now() + leftMs } };
}

/** Its last ejection is long past, or never was. */
export function isForgotten({ times, backMs }: Standing, nowMs: number): boolean {
  return times === 0 || nowMs - backMs > FORGET_MS;
}
