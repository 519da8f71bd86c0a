import type { Admitted } from "./admitted.ts";
import type { Attempt } from "./attempt.ts";
import { eventFor } from "./failure.ts";
import { keyOf } from "./hash-key.ts";
import type { Sample } from "./outlier.ts";
import type { TryFailure } from "./retry.ts";

/** Answers after which a third of `errorShare` is what it was before. */
const RECENT_ANSWERS = 16;

export interface FailureContext {
  readonly attempt: Attempt;
  readonly failure: TryFailure;
  readonly admitted: Admitted;
}

/** Counts a failed attempt and lets it speak about its endpoint's health. */
export function noteFailure(context: FailureContext): void {
  const { attempt, failure, admitted } = context;
  const { endpoint } = attempt;
  if (!isOurs(failure)) endpoint.failed[attempt.requestClass] += 1;
  const event = eventFor(failure, attempt);
  if (event === undefined) return;
  sampleOf(attempt, admitted)?.lose();
  admitted.route.to.note(endpoint, event);
}

/** Counts an attempt that was taken from its endpoint before an answer came. */
export function noteTaken(attempt: Attempt | undefined, reason: TryFailure): void {
  if (attempt === undefined || isOurs(reason)) return;
  attempt.endpoint.failed[attempt.requestClass] += 1;
}

/** What the edge took back or moved elsewhere by itself says nothing about how it was answered. */
function isOurs(failure: TryFailure): boolean {
  return failure === "withdrawn" || failure === "no-means" || failure === "endpoint-out";
}

export interface AnswerContext {
  readonly attempt: Attempt;
  readonly status: number;
  readonly admitted: Admitted;
  readonly nowMs: number;
}

/** Counts an attempt that brought a whole answer. */
export function noteAnswer({ attempt, status, admitted, nowMs }: AnswerContext): void {
  const { endpoint, requestClass } = attempt;
  const isFailed = status >= 500;
  endpoint.errorShare += ((isFailed ? 1 : 0) - endpoint.errorShare) / RECENT_ANSWERS;
  // A stream's length says nothing about its server.
  if (requestClass !== "stream") {
    const bucket = endpoint.latency.record(nowMs - attempt.startedMs);
    sampleOf(attempt, admitted)?.answer(bucket, isFailed);
  }
  if (isFailed) {
    endpoint.failed[requestClass] += 1;
    if (isError(attempt, admitted)) admitted.route.to.note(endpoint, "error");
  } else if (endpoint.isWatched) {
    admitted.route.to.note(endpoint, "answered");
  }
}

/** What is asked of one instance by name is compared with nothing. */
function sampleOf({ endpoint, requestClass }: Attempt, admitted: Admitted): Sample | undefined {
  const { lane } = admitted.route;
  if (lane === -1 || admitted.direct !== undefined || requestClass === "stream") return undefined;
  return endpoint.sample(requestClass === "safe" ? lane : lane + 1);
}

/** What was asked of an instance by name, perhaps before it is ready, is the asker's business. */
function isError({ endpoint }: Attempt, admitted: Admitted): boolean {
  if (admitted.direct !== undefined) return false;
  if (admitted.route.balance !== "consistent-hash") return true;
  return endpoint.isNewsOfError(keyOf(admitted));
}
