import type { IncomingMessage, ServerResponse } from "node:http";

/** One request and the answer to it, as a handler gets them. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Without the query. */
  readonly path: string;
  /** After the question mark; empty when there is none. */
  readonly query: string;
  /** What the caller sent in `x-request-id`, or a fresh one; it stands in the answer too. */
  readonly requestId: string;
}

export interface Route {
  /** A GET route answers HEAD too. */
  readonly method: "GET" | "POST";
  /** The whole path, compared exactly. */
  readonly path: string;
  /** Rejects with `Refused` to answer a problem; anything else it throws is a 500. */
  readonly answer: (exchange: Exchange) => void | Promise<void>;
}

/** A request as it ended, for metrics and logs. */
export interface Ended {
  /** The route's path, or `none` where no route was met: a closed set. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  /** The connection went away before the answer was complete. */
  readonly cut: boolean;
}

export function sendJson(response: ServerResponse, text: string): void {
  sendText(response, { status: 200, contentType: "application/json", body: text });
}

export function sendText(
  response: ServerResponse,
  answer: { readonly status: number; readonly contentType: string; readonly body: string },
): void {
  response.writeHead(answer.status, {
    "content-type": answer.contentType,
    "content-length": Buffer.byteLength(answer.body),
  });
  response.end(answer.body);
}
