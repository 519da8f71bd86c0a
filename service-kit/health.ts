/**
 * Why this instance must get no requests, or undefined. Only a cause that its siblings do not share
 * belongs here: a dead shared dependency that emptied the pool would turn every answer into 502.
 */
export interface Readiness {
  reason(): string | undefined;
  /** A reason takes the instance out of the routes, `undefined` brings it back. */
  set(reason: string | undefined): void;
}

export function createReadiness(first: string | undefined): Readiness {
  let current = first;
  return {
    reason: () => current,
    set: (reason) => {
      current = reason;
    },
  };
}

export const HEALTH_PATH = "/health";
export const READY_PATH = "/ready";

export interface ProbeAnswer {
  readonly status: 200 | 503;
  readonly body: string;
}

/** Liveness asks one thing: does the process still answer. */
export function healthAnswer(): ProbeAnswer {
  return { status: 200, body: '{"status":"ok"}\n' };
}

/** Readiness steers routing only; the reason is for the person who reads the probe. */
export function readyAnswer(readiness: Readiness): ProbeAnswer {
  const reason = readiness.reason();
  return reason === undefined
    ? { status: 200, body: '{"ready":true}\n' }
    : { status: 503, body: `${JSON.stringify({ ready: false, reason })}\n` };
}
