import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { ClientGone } from "@seaworthy/service-kit/body";
import type { Exchange } from "@seaworthy/service-kit/exchange";
import { Refused } from "@seaworthy/service-kit/problem";
import type { Dispatcher } from "undici";
import { upstreamProblem } from "./upstream-problem.ts";

/** What a model server is told of the client's request; its credentials stay here. */
const REQUEST_HEADERS = ["content-type", "accept", "seaworthy-write", "traceparent"];
/** RFC 9110 §7.6.1, and what this instance or the edge before it says for itself. */
const RESPONSE_HEADERS_KEPT_BACK = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "date",
  "server",
  "x-request-id",
  "seaworthy-instance",
  "seaworthy-release",
]);

export interface Forward {
  readonly body: Buffer;
  readonly path: string;
  /** Its origin, time-outs and connections belong to one set of model servers. */
  readonly upstream: Dispatcher;
}

/**
 * Sends the request on once, and only once: whoever declared it repeatable may repeat it, and that
 * is not known here. Resolves when the answer has been passed on in full; rejects with `Refused`
 * when there was none, and with `Cut` when it broke off half-way.
 */
export function forward(exchange: Exchange, { body, path, upstream }: Forward): Promise<void> {
  const relay = new Relay(exchange.response);
  const headers = requestHeaders(exchange);
  upstream.dispatch({ path, method: "POST", headers, body }, relay);
  return relay.done;
}

/** The answer broke off after it had begun: the client must see a cut, never an end. */
export class Cut extends Error {
  override readonly name = "Cut";
}

function requestHeaders(exchange: Exchange): Record<string, string> {
  const headers: Record<string, string> = { "x-request-id": exchange.requestId };
  for (const name of REQUEST_HEADERS) {
    const value = exchange.request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  return headers;
}

/** One answer on its way from a model server to a client, at the speed of the slower of the two. */
class Relay implements Dispatcher.DispatchHandler {
  readonly done: Promise<void>;
  readonly #response: ServerResponse;
  readonly #resolve: () => void;
  readonly #reject: (reason: Error) => void;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(response: ServerResponse) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.done = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#response = response;
    response.once("close", () => {
      // A client that left: nobody reads on, so nobody needs to write on.
      if (!response.writableFinished) this.#controller?.abort(new ClientGone("the client left"));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#response.destroyed) controller.abort(new ClientGone("the client left"));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    // 1xx is between us and the model server.
    if (status < 200) return;
    for (const name in headers) {
      const value = headers[name];
      if (value !== undefined && !RESPONSE_HEADERS_KEPT_BACK.has(name)) {
        this.#response.setHeader(name, value);
      }
    }
    this.#response.writeHead(status);
    // A stream's reader must learn that it began before its first event is there.
    if (headers["content-length"] === undefined) this.#response.flushHeaders();
    if (this.#response.destroyed) controller.abort(new ClientGone("the client left"));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once("drain", () => controller.resume());
  }

  onResponseEnd(): void {
    this.#response.end();
    this.#resolve();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (error instanceof ClientGone) this.#reject(error);
    else if (this.#response.headersSent) {
      this.#reject(new Cut("the model server's answer broke off", { cause: error }));
    } else this.#reject(new Refused(upstreamProblem(error)));
  }
}
