import { ServerResponse, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { refusalBody, type Refusal } from "./refusal.ts";
import { Timed } from "./timer-wheel.ts";
import type { Traffic } from "./traffic.ts";

/** As nginx logs it: the client left before there was an answer. Never sent. */
export const CLIENT_CLOSED = 499;

/** A body up to this that comes in one piece is sent in one piece with its head. */
export const HELD_BYTES_MAX = 16_384;

/** What wants to know of a response's end and of room for more of it. */
export interface ResponseOwner {
  onClosed(): void;
  onRoom(): void;
}

/** The response class of our servers: one field instead of closures for each request. */
export class GatewayResponse extends ServerResponse {
  owner: ResponseOwner | undefined = undefined;
  /** It is the gateway's own answer; what still comes on the connection changes nothing of it. */
  isRefusal = false;
}

export function onResponseClose(this: GatewayResponse): void {
  this.owner?.onClosed();
}

/** Listened for only once an answer has to wait for room. */
export function onResponseDrain(this: GatewayResponse): void {
  this.owner?.onRoom();
}

/** How long a refused client may go on sending before its connection is closed under it. */
const LINGER_MS = 2_000;

/**
 * Closing a connection on which unread bytes arrive resets it, and the client may lose the very
 * answer that says why. So the answer is sent whole, and ended when the body has, or after a while.
 */
class Linger extends Timed implements ResponseOwner {
  readonly #traffic: Traffic;
  readonly #response: GatewayResponse;

  constructor(traffic: Traffic, response: GatewayResponse) {
    super();
    this.#traffic = traffic;
    this.#response = response;
    response.owner = this;
  }

  override expire(): void {
    this.#response.end();
  }

  onRoom(): void {}

  onClosed(): void {
    this.#traffic.wheel.cancel(this);
  }
}

/** Destroys a socket that was written its last answer, but not before the client could read it. */
export function lingerOnSocket(socket: Duplex, traffic: Traffic): void {
  const linger = new SocketLinger(socket);
  traffic.wheel.schedule(linger, traffic.clock.now() + LINGER_MS);
  socket.on("close", () => traffic.wheel.cancel(linger));
}

class SocketLinger extends Timed {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    super();
    this.#socket = socket;
  }

  override expire(): void {
    this.#socket.destroy();
  }
}

/**
 * For a connection that has not said a word by the time a head would be late: it is idle, as a
 * kept-alive one is (browsers and Node's Agent open some to have them). After as long as those may
 * be idle it is closed, silently: a 408 could meet its first request half-way.
 */
export function closeUnlessUsed(socket: Socket, traffic: Traffic): void {
  const watch = new UnusedSocket(socket);
  traffic.wheel.schedule(watch, traffic.clock.now() + traffic.timeouts.keepAliveMs);
  socket.on("close", () => traffic.wheel.cancel(watch));
}

class UnusedSocket extends Timed {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
  }

  override expire(): void {
    if (this.#socket.bytesRead === 0) this.#socket.destroy();
  }
}

export interface RefusalContext {
  readonly traffic: Traffic;
  readonly request: IncomingMessage;
  readonly response: GatewayResponse;
  readonly requestId: string;
}

/** Answers with a refusal. The head must not have been sent. */
export function refuseRequest(what: Refusal, context: RefusalContext): void {
  const { traffic, request, response } = context;
  const body = refusalBody(what, context.requestId);
  const headers = [
    "content-type",
    "application/json",
    "content-length",
    String(Buffer.byteLength(body)),
    "x-request-id",
    context.requestId,
  ];
  if (what.retryAfterSeconds !== undefined) {
    headers.push("retry-after", String(what.retryAfterSeconds));
  }
  response.isRefusal = true;
  traffic.totals.refused(what.code);
  traffic.totals.answered(what.status);
  const isBodyOpen = !request.complete && hasBody(request);
  if (isBodyOpen || what.closes || traffic.isDraining) response.shouldKeepAlive = false;
  response.writeHead(what.status, headers);
  if (!isBodyOpen) {
    response.end(body);
    return;
  }
  response.write(body);
  const linger = new Linger(traffic, response);
  traffic.wheel.schedule(linger, traffic.clock.now() + LINGER_MS);
  request.on("end", () => response.end());
  request.on("error", () => {});
  request.resume();
}

function hasBody(request: IncomingMessage): boolean {
  const { headers } = request;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
