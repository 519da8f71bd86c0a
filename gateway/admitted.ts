import type { IncomingMessage } from "node:http";
import type { GatewayResponse } from "./answer.ts";
import type { Endpoint, RequestClass } from "./endpoint.ts";
import type { RequestHead } from "./headers.ts";
import type { Target } from "./request-check.ts";
import { isSafeMethod } from "./retry.ts";
import type { Entrance, Route, Traffic } from "./traffic.ts";

/** A request that passed every check, and where it came in. */
export interface Admitted {
  readonly traffic: Traffic;
  readonly entrance: Entrance;
  readonly request: IncomingMessage;
  readonly response: GatewayResponse;
  readonly head: RequestHead;
  readonly target: Target;
  readonly route: Route;
  readonly requestId: string;
  readonly clientAddress: string;
  /** Set where the request names its instance: that one or none. */
  readonly direct: Endpoint | undefined;
}

/** A safe method, or a route declared idempotent; nothing that a client claims counts. */
export function isRepeatable({ request, route }: Admitted): boolean {
  return route.idempotent || isSafeMethod(request.method ?? "");
}

/** As far as the request tells; a response of text/event-stream makes it a stream later. */
export function classOf({ head, request, route }: Admitted): RequestClass {
  if (head.acceptsStream) return "stream";
  if (isSafeMethod(request.method ?? "")) return "safe";
  return route.idempotent ? "idempotent" : "unsafe";
}

/**
 * `receiving`: a small body is collected. `waiting`: an attempt is out, or the body streams.
 * `answering`: the head was passed back. `flushing`: all was, and the client takes its time.
 */
export type Phase = "receiving" | "waiting" | "answering" | "flushing" | "done";

/** Shared by all requests whose first try is their only one: nearly every request. */
export const NOTHING_TRIED: readonly Endpoint[] = [];
