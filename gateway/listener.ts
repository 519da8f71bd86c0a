import { createServer, IncomingMessage, type Server } from "node:http";
import { Server as NetServer, Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  closeUnlessUsed,
  GatewayResponse,
  lingerOnSocket,
  onResponseClose,
  refuseRequest,
} from "./answer.ts";
import type { GatewayLimits, GatewayTimeouts } from "./config.ts";
import { Exchange } from "./exchange.ts";
import { addForwarded, readRequestHead, type RequestHead } from "./headers.ts";
import { refusedLine, type RefusedEntry } from "./log-line.ts";
import { rawRefusal, REFUSALS, type Refusal } from "./refusal.ts";
import { checkRequest, readTarget, type Target } from "./request-check.ts";
import { byPrefixLength, matchRoute } from "./routes.ts";
import type { Entrance, Route, Traffic } from "./traffic.ts";

/** How often node:http looks for request heads that are late: the most by which 408 comes late. */
const HEAD_CHECK_MS = 500;
/** Connections that wait in the kernel while a worker is replaced: 4 s at 1,000 a second. */
const BACKLOG = 4_096;
/**
 * Connections above the limit that are still told so with a 503; what comes on top of these is
 * closed unheard, because telling costs memory too.
 */
const TOLD_MAX = 256;
/** Other ids could be told apart from ours by nobody. */
const REQUEST_ID_SHAPE = /^[A-Za-z0-9_-]{8,64}$/;

const HEAD_LATE = "ERR_HTTP_REQUEST_TIMEOUT";

type GatewayServer = Server<typeof IncomingMessage, typeof GatewayResponse>;

/** One listening socket: reads requests, refuses what is wrong, hands on the rest. */
export class Listener {
  readonly entrance: Entrance;
  readonly #traffic: Traffic;
  readonly #server: GatewayServer;
  #routes: readonly Route[] = [];
  #open = 0;
  #openMax = Number.POSITIVE_INFINITY;
  /** Connections that came while the limit was reached: each gets one refusal and is closed. */
  readonly #surplus = new Set<Socket>();

  constructor(entrance: Entrance, traffic: Traffic) {
    this.entrance = entrance;
    this.#traffic = traffic;
    this.#server = createServer({
      IncomingMessage,
      ServerResponse: GatewayResponse,
      connectionsCheckingInterval: HEAD_CHECK_MS,
      // Checked here, so that the refusal carries an id.
      requireHostHeader: false,
      requestTimeout: 0,
      noDelay: true,
    });
    // Node drops what is beyond silently; HEADER_LINES_MAX refuses it instead.
    this.#server.maxHeadersCount = 0;
    this.#listenForRequests();
  }

  #listenForRequests(): void {
    this.#server.on("request", (request, response) => this.#receive(request, response));
    this.#server.on("checkContinue", (request: IncomingMessage, response: GatewayResponse) => {
      this.#receive(request, response, true);
    });
    this.#server.on("checkExpectation", (request: IncomingMessage, response: GatewayResponse) => {
      const unread = { head: undefined, target: undefined };
      this.#refuse({ what: REFUSALS.expectation, request, response, ...unread });
    });
    this.#server.on("connect", (_request, socket) => this.#refuseSocket(socket, REFUSALS.upgrade));
    this.#server.on("clientError", (error, socket) => this.#onClientError(error, socket));
    this.#server.on("drop", () => {
      this.#traffic.totals.connectionsDropped += 1;
    });
    this.#server.on("connection", (socket: Socket) => {
      this.#open += 1;
      if (this.#open > this.#openMax) this.#surplus.add(socket);
      socket.on("close", () => {
        this.#open -= 1;
        this.#surplus.delete(socket);
      });
    });
  }

  /** Client connections that are open. */
  get connections(): number {
    return this.#open;
  }

  configure(routes: readonly Route[], limits: GatewayLimits, timeouts: GatewayTimeouts): void {
    this.#routes = byPrefixLength(routes);
    this.#openMax = limits.connections;
    this.#server.maxConnections = limits.connections + TOLD_MAX;
    this.#server.headersTimeout = timeouts.headerMs;
    this.#server.keepAliveTimeout = timeouts.keepAliveMs;
    // Read by node:http at each new connection; only its types take it for a constructor's option.
    Object.assign(this.#server, { maxHeaderSize: limits.headerBytes });
  }

  /** Listens on a descriptor that was bound elsewhere. Rejects with the system's error. */
  listen(descriptor: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      // The backlog in the options is ignored for descriptors; as an argument it counts.
      this.#server.listen({ fd: descriptor }, BACKLOG, () => {
        this.#server.off("error", reject);
        // A failed accept (no descriptors left) is over with the next one that works.
        this.#server.on("error", () => {});
        resolve();
      });
    });
  }

  /** Accepts no more. Open connections live on. */
  stopListening(): void {
    // Not http's own close: it would close idle connections, one of which may have a request on
    // its way, and stop looking for late heads.
    NetServer.prototype.close.call(this.#server);
  }

  closeIdleConnections(): void {
    this.#server.closeIdleConnections();
  }

  closeAllConnections(): void {
    this.#server.closeAllConnections();
  }

  #receive(request: IncomingMessage, response: GatewayResponse, expectsContinue = false): void {
    response.on("close", onResponseClose);
    const traffic = this.#traffic;
    traffic.totals.requests += 1;
    const head = readRequestHead(request.rawHeaders);
    const target = readTarget(head, request.url ?? "");
    if (this.#surplus.size > 0 && this.#surplus.has(request.socket)) {
      response.shouldKeepAlive = false;
      this.#refuse({ what: REFUSALS.connections, request, response, head, target });
      return;
    }
    const refusal = checkRequest(head, request, traffic.limits.bodyBytes);
    if (refusal !== undefined || target === undefined) {
      this.#refuse({ what: refusal ?? REFUSALS.target, request, response, head, target });
      return;
    }
    const route = matchRoute(this.#routes, target.path);
    if (route === undefined) {
      this.#refuse({ what: REFUSALS.noRoute, request, response, head, target });
      return;
    }
    const isInner = this.entrance.kind === "inner";
    const named = isInner ? head.instance : undefined;
    const direct = named === undefined ? undefined : traffic.endpoint(named);
    if (named !== undefined && direct?.pool !== route.pool) {
      this.#refuse({ what: REFUSALS.noInstance, request, response, head, target });
      return;
    }
    if (expectsContinue) response.writeContinue();
    const requestId = this.#requestId(head);
    const clientAddress = plainAddress(request.socket.remoteAddress);
    addForwarded(head, { clientAddress, trusted: isInner, host: head.host });
    head.forward.push("x-request-id", requestId);
    const { entrance } = this;
    const where = { traffic, entrance, request, response, head, target, route };
    new Exchange({ ...where, requestId, clientAddress, direct }).start();
  }

  #refuse(refused: Refused): void {
    const { what, request, response, head, target } = refused;
    const traffic = this.#traffic;
    const requestId = head === undefined ? traffic.nextRequestId() : this.#requestId(head);
    refuseRequest(what, { traffic, request, response, requestId });
    this.#logRefused(what, requestId, { method: request.method ?? "", path: target?.path });
  }

  #logRefused(
    refusal: Refusal,
    requestId: string,
    what: Pick<RefusedEntry, "method" | "path">,
  ): void {
    const { accessLog, stamp } = this.#traffic;
    if (!accessLog.isOn) return;
    const listener = this.entrance.name;
    accessLog.write(refusedLine({ at: stamp.now(), requestId, listener, refusal, ...what }));
  }

  #requestId(head: RequestHead): string {
    const given = this.entrance.kind === "inner" ? head.requestId : undefined;
    if (given !== undefined && REQUEST_ID_SHAPE.test(given)) return given;
    return this.#traffic.nextRequestId();
  }

  #onClientError(error: Error, socket: Duplex): void {
    // Refused already: what still comes is read and thrown away.
    if (socket.writableEnded) return;
    const code = "code" in error ? error.code : undefined;
    if (code === HEAD_LATE && socket instanceof Socket && socket.bytesRead === 0) {
      closeUnlessUsed(socket, this.#traffic);
      return;
    }
    const owed = "_httpMessage" in socket ? socket._httpMessage : undefined;
    // An answer to a request that was whole is owed: another one would be taken for it.
    const isOwed = owed instanceof GatewayResponse && (owed.headersSent || owed.req.complete);
    if (code === "ECONNRESET" || !socket.writable || isOwed) socket.destroy();
    else this.#refuseSocket(socket, refusalForParser(code));
  }

  #refuseSocket(socket: Duplex, what: Refusal): void {
    const traffic = this.#traffic;
    traffic.totals.refused(what.code);
    traffic.totals.answered(what.status);
    socket.on("error", () => {});
    const requestId = traffic.nextRequestId();
    socket.end(rawRefusal(what, requestId));
    this.#logRefused(what, requestId, { method: "", path: undefined });
    lingerOnSocket(socket, traffic);
  }
}

interface Refused {
  readonly what: Refusal;
  readonly request: IncomingMessage;
  readonly response: GatewayResponse;
  readonly head: RequestHead | undefined;
  readonly target: Target | undefined;
}

function refusalForParser(code: unknown): Refusal {
  if (code === "HPE_HEADER_OVERFLOW") return REFUSALS.headTooLarge;
  if (code === HEAD_LATE) return REFUSALS.headerTimeout;
  return REFUSALS.malformed;
}

/** An IPv4 client of an IPv6 socket, as everybody writes it. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return "unknown";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}
