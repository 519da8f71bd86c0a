import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { ClientGone } from "./body.ts";
import type { Clock } from "./clock.ts";
import { type Ended, type Exchange, type Route, sendText } from "./exchange.ts";
import { HEALTH_PATH, READY_PATH, type Readiness, healthAnswer, readyAnswer } from "./health.ts";
import { type Log, messageOf } from "./log.ts";
import { type Problem, Refused, type RenderProblem, renderProblem } from "./problem.ts";

/** Longer than any client of ours keeps an idle connection, so that the client is who closes it. */
const KEEP_ALIVE_MS = 65_000;
/** Slow headers and slow bodies hold a connection no longer than this. */
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
const TIMEOUT_CHECK_MS = 1_000;
/** No byte in either direction for this long: the peer is gone without saying so. */
const SILENCE_MAX_MS = 120_000;
/** Above the edge's own limit (16 KiB by default) and what it adds, so that the edge decides. */
const HEADER_BYTES_MAX = 24 * 1_024;
/** Requests at work in one process; more would only queue behind a wedged dependency. */
const IN_FLIGHT_MAX = 4_096;
const REQUEST_ID = /^[\w.:-]{1,128}$/;

export interface ServeOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly routes: readonly Route[];
  readonly readiness: Readiness;
  readonly log: Log;
  readonly clock: Clock;
  /** Default: `application/problem+json`. */
  readonly renderProblem?: RenderProblem;
  readonly onEnded?: (exchange: Exchange, ended: Ended) => void;
}

/** How long a stop may take; see `HttpService.stop`. */
export interface StopLimits {
  readonly quietMs: number;
  readonly leaveMsMax: number;
  readonly finishMsMax: number;
}
/** Together under the 15 s that a declaration gives by default from SIGTERM to SIGKILL. */
const STOP_LIMITS: StopLimits = { quietMs: 250, leaveMsMax: 3_000, finishMsMax: 10_000 };
const QUIET_CHECK_MS = 50;

/** Listens and answers; resolves once the port is bound, rejects when it cannot be. */
export async function serve(options: ServeOptions): Promise<HttpService> {
  const service = new HttpService(options);
  await service.listen();
  return service;
}

/** An HTTP/1.1 server with limits, probes, request ids and a stop that loses no request. */
export class HttpService {
  readonly #options: ServeOptions;
  readonly #server: Server;
  readonly #routes: ReadonlyMap<string, readonly Route[]>;
  readonly #inFlight = new Set<ServerResponse>();
  readonly #idPrefix = randomBytes(6).toString("hex");
  #requests = 0;
  #lastRequestMs = Number.NEGATIVE_INFINITY;
  #stopping = false;

  constructor(options: ServeOptions) {
    this.#options = options;
    this.#routes = Map.groupBy(options.routes, (route) => route.path);
    this.#server = createServer(
      {
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: TIMEOUT_CHECK_MS,
        maxHeaderSize: HEADER_BYTES_MAX,
      },
      (request, response) => this.#accept(request, response),
    );
    this.#server.timeout = SILENCE_MAX_MS;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : this.#options.port;
  }

  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen({ host: this.#options.host, port: this.#options.port }, resolve);
    await promise;
    this.#server.off("error", reject);
  }

  /**
   * Leaves without losing a request. Not ready from now on, and every answer says
   * `Connection: close`; once no request came for `quietMs` (or after `leaveMsMax`) the port is
   * closed; what is in flight finishes, at most `finishMsMax`. Returns how many requests were cut.
   */
  async stop(limits: StopLimits = STOP_LIMITS): Promise<number> {
    const { clock, readiness } = this.#options;
    readiness.set("stopping");
    this.#stopping = true;
    for (const response of this.#inFlight) {
      if (!response.headersSent) response.shouldKeepAlive = false;
    }
    const leaveBy = clock.now() + limits.leaveMsMax;
    while (clock.now() < Math.min(this.#lastRequestMs + limits.quietMs, leaveBy)) {
      await clock.sleep(QUIET_CHECK_MS);
    }
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    this.#server.closeIdleConnections();
    const late = new AbortController();
    const deadline = clock.sleep(limits.finishMsMax, late.signal).catch(() => undefined);
    await Promise.race([closed.promise, deadline]);
    late.abort();
    const cut = this.#inFlight.size;
    this.#server.closeAllConnections();
    return cut;
  }

  #accept(request: IncomingMessage, response: ServerResponse): void {
    const exchange = this.#open(request, response);
    if (this.#stopping) response.shouldKeepAlive = false;
    response.setHeader("x-request-id", exchange.requestId);
    this.#inFlight.add(response);
    const routes = this.#routes.get(exchange.path);
    response.once("close", () =>
      this.#ended(exchange, routes === undefined ? "none" : exchange.path),
    );
    if (this.#probe(exchange)) return;
    this.#lastRequestMs = this.#options.clock.now();
    const method = request.method === "HEAD" ? "GET" : request.method;
    const route = routes?.find((each) => each.method === method);
    if (this.#inFlight.size > IN_FLIGHT_MAX) this.#refuse(exchange, OVERLOADED);
    else if (routes === undefined) this.#refuse(exchange, NOT_FOUND);
    else if (route === undefined) {
      response.setHeader("allow", routes.map((each) => each.method).join(", "));
      this.#refuse(exchange, METHOD_NOT_ALLOWED);
    } else void this.#answer(exchange, route);
  }

  #open(request: IncomingMessage, response: ServerResponse): Exchange {
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    const given = request.headers["x-request-id"];
    return {
      request,
      response,
      path: mark === -1 ? url : url.slice(0, mark),
      query: mark === -1 ? "" : url.slice(mark + 1),
      requestId:
        typeof given === "string" && REQUEST_ID.test(given)
          ? given
          : `${this.#idPrefix}-${(this.#requests++).toString(36)}`,
    };
  }

  #probe({ path, request, response }: Exchange): boolean {
    if (path !== HEALTH_PATH && path !== READY_PATH) return false;
    if (request.method !== "GET" && request.method !== "HEAD") return false;
    const answer = path === HEALTH_PATH ? healthAnswer() : readyAnswer(this.#options.readiness);
    sendText(response, { ...answer, contentType: "application/json" });
    return true;
  }

  async #answer(exchange: Exchange, route: Route): Promise<void> {
    try {
      await route.answer(exchange);
    } catch (thrown) {
      if (thrown instanceof ClientGone) return;
      if (thrown instanceof Refused) return this.#refuse(exchange, thrown.problem);
      const { requestId, path } = exchange;
      this.#options.log.write("error", "request failed", {
        requestId,
        path,
        cause: messageOf(thrown),
      });
      this.#refuse(exchange, INTERNAL);
    }
  }

  /** Too late for a problem once the answer has begun: then only a cut tells the truth. */
  #refuse({ request, response, requestId }: Exchange, problem: Problem): void {
    if (response.destroyed) return;
    if (response.headersSent) return void response.destroy();
    // What is left of the body is not worth reading; the connection ends with this answer.
    if (hasBody(request) && !request.complete) response.shouldKeepAlive = false;
    const render = this.#options.renderProblem ?? renderProblem;
    sendText(response, { status: problem.status, ...render(problem, requestId) });
  }

  #ended(exchange: Exchange, route: string): void {
    const { request, response } = exchange;
    this.#inFlight.delete(response);
    // A connection that turns idle after `close` was called would otherwise hold the process.
    if (this.#stopping && !this.#server.listening) {
      setImmediate(() => this.#server.closeIdleConnections());
    }
    const ended: Ended = {
      route,
      method: request.method ?? "",
      status: response.statusCode,
      cut: !response.writableFinished,
    };
    this.#options.onEnded?.(exchange, ended);
  }
}

/** RFC 9112 §6.3; `complete` alone is not yet true for a request without one. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

const NOT_FOUND: Problem = {
  status: 404,
  code: "not_found",
  title: "there is nothing at this path",
  retryable: false,
  applied: "no",
};
const METHOD_NOT_ALLOWED: Problem = {
  ...NOT_FOUND,
  status: 405,
  code: "method_not_allowed",
  title: "this path does not know this method",
};
const OVERLOADED: Problem = {
  status: 503,
  code: "overloaded",
  title: "too many requests are at work in this instance",
  retryable: true,
  applied: "no",
};
const INTERNAL: Problem = {
  status: 500,
  code: "internal",
  title: "this instance failed; its log names the request id",
  retryable: true,
  applied: "unknown",
};
