import type { Attempt } from "./attempt.ts";
import { healthEventFor } from "./failure.ts";
import type { Pool } from "./pool.ts";
import type { TryFailure } from "./retry.ts";

export interface FailureContext {
  readonly attempt: Attempt;
  readonly failure: TryFailure;
  readonly pool: Pool;
}

/** Counts a failed attempt and lets it speak about its endpoint's health. */
export function noteFailure(context: FailureContext): void {
  const { attempt, failure, pool } = context;
  const { endpoint } = attempt;
  if (failure !== "withdrawn") endpoint.failed[attempt.requestClass] += 1;
  const event = healthEventFor(failure, attempt.isReused);
  if (event !== undefined) pool.note(endpoint, event);
}

export interface AnswerContext {
  readonly attempt: Attempt;
  readonly status: number;
  readonly pool: Pool;
  readonly nowMs: number;
}

/** Counts an attempt that brought a whole answer. */
export function noteAnswer({ attempt, status, pool, nowMs }: AnswerContext): void {
  const { endpoint, requestClass } = attempt;
  // A stream's length says nothing about its server.
  if (requestClass !== "stream") endpoint.latency.record(nowMs - attempt.startedMs);
  if (status >= 500) endpoint.failed[requestClass] += 1;
  if (endpoint.hasBadAnswers) pool.note(endpoint, "answered");
}
