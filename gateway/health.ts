import { assertNever } from "@seaworthy/std/assert";
import type { EndpointStatus } from "./control.ts";

/** Bad answers in a row from real requests (time-outs, lost connections) that eject an endpoint. */
const PASSIVE_FAILURES_MAX = 3;

/** What checks and requests have shown of one endpoint. */
export interface HealthState {
  readonly health: EndpointStatus["health"];
  /** Active checks passed in a row. */
  readonly passes: number;
  /** Active checks failed in a row. */
  readonly failures: number;
  /** Requests in a row that timed out or lost their connection. */
  readonly badAnswers: number;
}

/**
 * `refused`: nobody listens, seen by a check or a request: out at once, whoever is left.
 * `reset`: a fresh connection was cut before an answer: ejected at once, but above the floor only.
 * `bad-answer`: a time-out or a reused connection that was cut. A status is never one of them.
 */
export type HealthEvent =
  | "check-passed"
  | "check-failed"
  | "refused"
  | "reset"
  | "bad-answer"
  | "answered";

export interface HealthRules {
  readonly rise: number;
  readonly fall: number;
  /** Would more than half of the pool still be usable without this endpoint? */
  readonly mayEject: boolean;
}

export const UNKNOWN_HEALTH: HealthState = {
  health: "unknown",
  passes: 0,
  failures: 0,
  badAnswers: 0,
};

export function nextHealth(
  state: HealthState,
  event: HealthEvent,
  rules: HealthRules,
): HealthState {
  switch (event) {
    case "check-passed":
      return afterPass(state, rules);
    case "check-failed":
      return afterFailure(state, rules);
    case "refused":
      return { health: "unhealthy", passes: 0, failures: state.failures, badAnswers: 0 };
    case "reset":
      return afterBadAnswer({ ...state, badAnswers: PASSIVE_FAILURES_MAX - 1 }, rules);
    case "bad-answer":
      return afterBadAnswer(state, rules);
    case "answered":
      return state.badAnswers === 0 ? state : { ...state, badAnswers: 0 };
    default:
      return assertNever(event);
  }
}

function afterPass(state: HealthState, rules: HealthRules): HealthState {
  const passes = state.passes + 1;
  if (state.health !== "healthy" && passes >= rules.rise) {
    return { health: "healthy", passes, failures: 0, badAnswers: 0 };
  }
  return { ...state, passes, failures: 0 };
}

function afterFailure(state: HealthState, rules: HealthRules): HealthState {
  const failures = state.failures + 1;
  const out = failures >= rules.fall || state.health === "unhealthy";
  return { ...state, health: out ? "unhealthy" : state.health, passes: 0, failures };
}

function afterBadAnswer(state: HealthState, rules: HealthRules): HealthState {
  const badAnswers = state.badAnswers + 1;
  const usable = state.health === "healthy" || state.health === "unknown";
  if (!usable || badAnswers < PASSIVE_FAILURES_MAX || !rules.mayEject)
    return { ...state, badAnswers };
  return { health: "ejected", passes: 0, failures: state.failures, badAnswers: 0 };
}
