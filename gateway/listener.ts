import type { IncomingMessage } from "node:http";
import { Server as NetServer, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Admission, TOLD_MAX } from "./admission.ts";
import {
  closeUnlessUsed,
  GatewayResponse,
  lingerOnSocket,
  onResponseClose,
  refuseRequest,
} from "./answer.ts";
import { clientKey, plainAddress, type Client } from "./client-address.ts";
import type { GatewayLimits, GatewayTimeouts } from "./config.ts";
import { Exchange } from "./exchange.ts";
import { addForwarded, readRequestHead, type Origin, type RequestHead } from "./headers.ts";
import { listenerServer, servePair, type ListenerServer } from "./listener-server.ts";
import { refusedLine, type RefusedEntry } from "./log-line.ts";
import type { ServedPairs } from "./orders.ts";
import { Pipelines } from "./pipelines.ts";
import { rawRefusal, REFUSALS, type Refusal } from "./refusal.ts";
import { checkRequest, readTarget, type Target } from "./request-check.ts";
import { byPrefixLength, matchRoute } from "./routes.ts";
import type { Entrance, Route, Traffic } from "./traffic.ts";
import { handshakeKey, responseOn, type Upgrade } from "./upgrade.ts";

/** Connections that wait in the kernel while a worker is replaced: 4 s at 1,000 a second. */
const BACKLOG = 4_096;
/** Other ids could be told apart from ours by nobody. */
const REQUEST_ID_SHAPE = /^[A-Za-z0-9_-]{8,64}$/;

const HEAD_LATE = "ERR_HTTP_REQUEST_TIMEOUT";

/** One listening socket: reads requests, refuses what is wrong, hands on the rest. */
export class Listener {
  readonly entrance: Entrance;
  readonly #traffic: Traffic;
  readonly #made: ListenerServer;
  readonly #admission: Admission;
  readonly #pipelines = new Pipelines();
  #routes: readonly Route[] = [];

  constructor(entrance: Entrance, traffic: Traffic) {
    this.entrance = entrance;
    this.#traffic = traffic;
    this.#admission = new Admission(entrance, traffic);
    this.#made = listenerServer(entrance.scheme, traffic.timeouts.headerMs);
    this.#listenForRequests();
    this.#listenForConnections();
  }

  get #server(): ListenerServer["server"] {
    return this.#made.server;
  }

  #listenForRequests(): void {
    const receive = (request: IncomingMessage, response: GatewayResponse): void =>
      this.#receive(request, response);
    this.#server.on("request", receive);
    this.#server.on("checkContinue", (request: IncomingMessage, response: GatewayResponse) => {
      this.#receive(request, response, { expectsContinue: true, upgrade: undefined });
    });
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, first: Buffer) =>
      this.#receiveUpgrade(request, socket, first),
    );
    this.#server.on("checkExpectation", (request: IncomingMessage, response: GatewayResponse) => {
      const unread = { head: undefined, target: undefined };
      this.#refuse({ what: REFUSALS.expectation, request, response, ...unread });
    });
    this.#server.on("connect", (_request: IncomingMessage, socket: Duplex) =>
      this.#refuseTunnel(socket),
    );
    this.#server.on("clientError", (error: Error, socket: Duplex) =>
      this.#onClientError(error, socket),
    );
  }

  #listenForConnections(): void {
    const { totals } = this.#traffic;
    this.#server.on("drop", () => {
      totals.connectionsDropped += 1;
      totals.turnedAway(REFUSALS.connections.code);
    });
    this.#server.on("connection", (socket: Socket) => this.#admission.enter(socket));
    // Node takes a failed handshake for a client's error in HTTP, which it cannot be answered in.
    this.#server.removeAllListeners("tlsClientError");
    this.#server.on("tlsClientError", (_error: Error, socket: Duplex) => {
      totals.handshakesFailed += 1;
      socket.destroy();
    });
  }

  /** Client connections that are open. */
  get connections(): number {
    return this.#admission.open;
  }

  /** For handshakes from now on; open connections keep what they agreed on. */
  serve(pair: ServedPairs[string]): void {
    servePair(this.#made, pair);
  }

  configure(routes: readonly Route[], limits: GatewayLimits, timeouts: GatewayTimeouts): void {
    this.#routes = byPrefixLength(routes);
    this.#admission.configure(limits);
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

  /** The request of a connection that is to become a WebSocket. */
  #receiveUpgrade(request: IncomingMessage, socket: Duplex, first: Buffer): void {
    // Behind an answer that is not out yet: nothing may come between, and nobody does that.
    if (answerOwed(socket) !== undefined || !(socket instanceof Socket)) {
      socket.destroy();
      return;
    }
    const upgrade = { socket, first, key: handshakeKey(request) };
    const response = responseOn(request, this.#traffic);
    this.#receive(request, response, { expectsContinue: false, upgrade });
  }

  #receive(request: IncomingMessage, response: GatewayResponse, arrival = PLAIN): void {
    if (response.socket === null) {
      // Behind an answer that is not out yet. One after the other: two unsafe requests at once
      // could take effect in the other order (RFC 9112 §9.3.2).
      this.#pipelines.wait(request, response, (isTooMany) => {
        if (isTooMany) this.#refusePipelined(request, response);
        else this.#receive(request, response, arrival);
      });
      return;
    }
    response.on("close", onResponseClose);
    const traffic = this.#traffic;
    traffic.totals.requests += 1;
    const head = readRequestHead(request.rawHeaders);
    const target = readTarget(head, request);
    const client = this.#clientOf(request, head);
    const refusal = this.#refusalFor(request, head, client);
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
    const { expectsContinue, upgrade } = arrival;
    if (expectsContinue) response.writeContinue();
    const requestId = this.#requestId(head);
    const { entrance } = this;
    addForwarded(head, { client, peer: this.#peerKind(client), scheme: entrance.scheme });
    head.forward.push("x-request-id", requestId);
    const where = { traffic, entrance, request, response, head, target, route };
    new Exchange({ ...where, requestId, clientAddress: client.address, direct, upgrade }).start();
  }

  /** On an inner listener the peer itself, which is one of our own services. */
  #clientOf(request: IncomingMessage, head: RequestHead | undefined): Client {
    const peer = plainAddress(request.socket.remoteAddress);
    if (this.entrance.kind === "inner") return { address: peer, hops: [peer] };
    return this.#traffic.proxies.clientOf(peer, head?.forwardedFor);
  }

  #peerKind(client: Client): Origin["peer"] {
    if (this.entrance.kind === "inner") return "inside";
    const peer = client.hops.at(-1) ?? client.address;
    return this.#traffic.proxies.trusts(peer) ? "proxy" : "stranger";
  }

  /** What keeps a request from being passed on, whatever it asks for. */
  #refusalFor(request: IncomingMessage, head: RequestHead, client: Client): Refusal | undefined {
    const { descriptors, limits, totals } = this.#traffic;
    return (
      this.#admission.refusalOn(request.socket) ??
      this.#rateRefusal(client) ??
      checkRequest(head, request, limits.bodyBytes) ??
      (descriptors.mayRequest(totals.active) ? undefined : REFUSALS.descriptors)
    );
  }

  #rateRefusal(client: Client): Refusal | undefined {
    const { limits, rates, clock } = this.#traffic;
    if (limits.rate === undefined || this.entrance.kind === "inner") return undefined;
    const waitMs = rates.take(clientKey(client.address), limits.rate, clock.now());
    if (waitMs === 0) return undefined;
    return { ...REFUSALS.rate, retryAfterSeconds: Math.ceil(waitMs / 1_000) };
  }

  #refusePipelined(request: IncomingMessage, response: GatewayResponse): void {
    const unread = { head: undefined, target: undefined };
    this.#refuse({ what: REFUSALS.pipelined, request, response, ...unread });
  }

  #refuse(refused: Refused): void {
    const { what, request, response, head, target } = refused;
    const traffic = this.#traffic;
    const requestId = head === undefined ? traffic.nextRequestId() : this.#requestId(head);
    refuseRequest(what, { traffic, request, response, requestId });
    const client = this.#clientOf(request, head).address;
    const method = request.method ?? "";
    this.#logRefused(what, requestId, { client, method, path: target?.path });
  }

  #logRefused(
    refusal: Refusal,
    requestId: string,
    what: Pick<RefusedEntry, "client" | "method" | "path">,
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
    const owed = answerOwed(socket);
    // Node's parser may call a request wrong after it has said that it is there.
    if (owed?.isRefusal === true) return;
    const code = "code" in error ? error.code : undefined;
    if (code === HEAD_LATE && socket instanceof Socket && socket.bytesRead === 0) {
      closeUnlessUsed(socket, this.#traffic);
      return;
    }
    if (code === "ECONNRESET" || !socket.writable || owed !== undefined) socket.destroy();
    else this.#refuseSocket(socket, refusalForParser(error, socket, this.#traffic.limits));
  }

  #refuseTunnel(socket: Duplex): void {
    if (answerOwed(socket) !== undefined) socket.destroy();
    else this.#refuseSocket(socket, REFUSALS.upgrade);
  }

  #refuseSocket(socket: Duplex, what: Refusal): void {
    const traffic = this.#traffic;
    traffic.totals.refused(what.code);
    traffic.totals.answered(what.status);
    socket.on("error", () => {});
    const requestId = traffic.nextRequestId();
    socket.end(rawRefusal(what, requestId));
    const client = plainAddress(socket instanceof Socket ? socket.remoteAddress : undefined);
    this.#logRefused(what, requestId, { client, method: "", path: undefined });
    lingerOnSocket(socket, traffic);
  }
}

/** What makes a request more than one that is asked and answered. */
interface Arrival {
  readonly expectsContinue: boolean;
  readonly upgrade: Upgrade | undefined;
}

const PLAIN: Arrival = { expectsContinue: false, upgrade: undefined };

interface Refused {
  readonly what: Refusal;
  readonly request: IncomingMessage;
  readonly response: GatewayResponse;
  readonly head: RequestHead | undefined;
  readonly target: Target | undefined;
}

/** One to a request that was whole, or one that has begun: another would be taken for it. */
function answerOwed(socket: Duplex): GatewayResponse | undefined {
  const owed = "_httpMessage" in socket ? socket._httpMessage : undefined;
  if (!(owed instanceof GatewayResponse)) return undefined;
  return owed.headersSent || owed.req.complete ? owed : undefined;
}

function refusalForParser(error: Error, socket: Duplex, limits: GatewayLimits): Refusal {
  const code = "code" in error ? error.code : undefined;
  if (code === HEAD_LATE) return REFUSALS.headerTimeout;
  if (code !== "HPE_HEADER_OVERFLOW") return REFUSALS.malformed;
  const bytes = "rawPacket" in error ? error.rawPacket : undefined;
  const isFirst = socket instanceof Socket && bytes instanceof Buffer;
  // As far as one read shows it: a connection's first bytes, and no line end within the limit.
  const isTarget =
    isFirst &&
    socket.bytesRead === bytes.length &&
    !bytes.subarray(0, limits.headerBytes).includes("\r\n");
  return isTarget ? REFUSALS.targetTooLong : REFUSALS.headTooLarge;
}
