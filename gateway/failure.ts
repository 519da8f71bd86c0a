import { assertNever } from "@seaworthy/std/assert";
import type { EndpointEvent } from "./endpoint.ts";
import { REFUSALS, type Refusal } from "./refusal.ts";
import type { TryFailure } from "./retry.ts";

/** What the client is told when no try is left. */
export function refusalFor(failure: TryFailure): Refusal {
  switch (failure) {
    case "refused":
    case "connect-timeout":
    case "withdrawn":
      return REFUSALS.noEndpoint;
    case "no-means":
      return REFUSALS.descriptors;
    case "try-timeout":
    case "total-timeout":
      return REFUSALS.timeout;
    case "reset":
    case "malformed":
      return REFUSALS.broken;
    case "endpoint-out":
    case "cut":
      return REFUSALS.cut;
    default:
      return assertNever(failure);
  }
}

/** What a failed attempt says about its endpoint; undefined: nothing. */
export function eventFor(failure: TryFailure, attempt: Tried): EndpointEvent | undefined {
  switch (failure) {
    case "refused":
      return "refused";
    case "reset":
      // On a reused connection it may be the endpoint's idle time-out, no more.
      return attempt.isReused ? "timeout" : "reset";
    case "connect-timeout":
    case "try-timeout":
    case "total-timeout":
      return "timeout";
    case "malformed":
      // What was never sent is our own doing.
      return attempt.isSent ? "error" : undefined;
    case "no-means":
    case "endpoint-out":
    case "withdrawn":
    case "cut":
      return undefined;
    default:
      return assertNever(failure);
  }
}

interface Tried {
  readonly isSent: boolean;
  /** On a connection that had served before. */
  readonly isReused: boolean;
}
