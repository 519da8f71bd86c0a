import { assertNever } from "@seaworthy/std/assert";

/** What checks, and connections that nobody took, have shown of one endpoint. */
export interface HealthState {
  readonly health: "unknown" | "healthy" | "unhealthy";
  /** Active checks passed in a row. */
  readonly passes: number;
  /** Active checks failed in a row. */
  readonly failures: number;
}

/** `refused`: nobody listens, seen by a check or a request: out at once, whoever is left. */
export type HealthEvent = "check-passed" | "check-failed" | "refused";

export interface HealthRules {
  readonly rise: number;
  readonly fall: number;
}

export const UNKNOWN_HEALTH: HealthState = { health: "unknown", passes: 0, failures: 0 };

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
      return { health: "unhealthy", passes: 0, failures: state.failures };
    default:
      return assertNever(event);
  }
}

function afterPass(state: HealthState, rules: HealthRules): HealthState {
  const passes = state.passes + 1;
  const health = passes >= rules.rise ? "healthy" : state.health;
  return { health, passes, failures: 0 };
}

function afterFailure(state: HealthState, rules: HealthRules): HealthState {
  const failures = state.failures + 1;
  const out = failures >= rules.fall || state.health === "unhealthy";
  return { health: out ? "unhealthy" : state.health, passes: 0, failures };
}
