/** Tries of one request, the first included. */
export const TRIES_MAX = 3;

/** Why a try ended without an answer. */
export type TryFailure =
  /** Nobody listens there. */
  | "refused"
  /** No connection within `connectMs`. */
  | "connect-timeout"
  /** The gateway itself could open no connection: no descriptor, port or memory was left. */
  | "no-means"
  /** The connection was lost before a whole response head had come. */
  | "reset"
  /** What came was not HTTP. */
  | "malformed"
  | "try-timeout"
  | "total-timeout"
  /** Checks or other requests showed that the endpoint is gone while this try was waiting. */
  | "endpoint-out"
  /** The endpoint left the routes before the try was written. */
  | "withdrawn"
  /** Its drain deadline came. */
  | "cut";

/** Of the system's codes those that speak of this process or machine, and of no other. */
export const OWN_LACKS: readonly string[] = [
  "EMFILE",
  "ENFILE",
  "EADDRNOTAVAIL",
  "ENOBUFS",
  "ENOMEM",
];

export interface RetryQuestion {
  readonly failure: TryFailure;
  /** False only if it is certain that no byte of the request was written. */
  readonly sent: boolean;
  /** A safe method, or a route declared idempotent. What a client claims in a header counts not. */
  readonly repeatable: boolean;
  /** Every byte of the body that was given to an endpoint can be given again. */
  readonly bodyKept: boolean;
  /** Tries made so far. */
  readonly tries: number;
  /** Addressed to one instance by name: there is no other. */
  readonly direct: boolean;
}

/**
 * May the request be sent again? Architecture §11: repeating anything else applies writes twice as
 * soon as a back end freezes (measured: 77 to 100 of 750).
 */
export function mayRetry(question: RetryQuestion): boolean {
  if (question.direct || question.tries >= TRIES_MAX || !question.bodyKept) return false;
  if (question.failure === "total-timeout") return false;
  return question.repeatable || !question.sent;
}

export function isSafeMethod(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}
