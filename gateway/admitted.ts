import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { GatewayResponse } from "./answer.ts";
import type { Endpoint, RequestClass } from "./endpoint.ts";
import type { RequestHead, ResponseHead } from "./headers.ts";
import type { Target } from "./request-check.ts";
import { isSafeMethod } from "./retry.ts";
import type { Entrance, Route, Traffic } from "./traffic.ts";
import type { Upgrade } from "./upgrade.ts";

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
  /** Set where the connection is to become a WebSocket. */
  readonly upgrade: Upgrade | undefined;
}

/** A safe method, or a route declared idempotent; nothing that a client claims counts. */
export function isRepeatable({ request, route }: Admitted): boolean {
  return route.idempotent || isSafeMethod(request.method ?? "");
}

/** As far as the request tells; a response of text/event-stream makes it a stream later. */
export function classOf({ head, request, route, upgrade }: Admitted): RequestClass {
  if (head.acceptsStream || upgrade !== undefined) return "stream";
  if (isSafeMethod(request.method ?? "")) return "safe";
  return route.idempotent ? "idempotent" : "unsafe";
}

/** The gateway's own word on an answer: its id, and inside who gave it. */
export function addOwn(head: ResponseHead, admitted: Admitted, endpoint: Endpoint): void {
  head.headers.push("x-request-id", admitted.requestId);
  if (admitted.entrance.kind !== "inner") return;
  const { id, release } = endpoint.config;
  head.headers.push("seaworthy-instance", id, "seaworthy-release", release);
}

/** What undici sends for it. The body as a whole, as a stream, or none. */
export function dispatchOptions(
  { head, target, request, upgrade }: Admitted,
  body: Buffer | Readable | undefined,
): Dispatcher.DispatchOptions {
  return {
    path: target.target,
    method: request.method ?? "GET",
    headers:
      body !== undefined && !Buffer.isBuffer(body) && head.contentLength >= 0
        ? [...head.forward, "content-length", String(head.contentLength)]
        : head.forward,
    body: body ?? null,
    upgrade: upgrade === undefined ? null : "websocket",
  };
}

/**
 * `receiving`: a small body is collected. `waiting`: an attempt is out, or the body streams.
 * `answering`: the head was passed back. `flushing`: all was, and the client takes its time.
 */
export type Phase = "receiving" | "waiting" | "answering" | "flushing" | "done";

/** Shared by all requests whose first try is their only one: nearly every request. */
export const NOTHING_TRIED: readonly Endpoint[] = [];
