import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { GatewayResponse, lingerOnSocket } from "./answer.ts";
import type { RequestHead } from "./headers.ts";
import { REFUSALS, type Refusal } from "./refusal.ts";
import type { Traffic } from "./traffic.ts";

/** A client's connection that is to become a WebSocket. */
export interface Upgrade {
  readonly socket: Socket;
  /** What came behind the request: the client's first frames, if it did not wait. */
  readonly first: Buffer;
  /** Its `Sec-WebSocket-Key`, which the service has to prove it has read. */
  readonly key: string;
}

/** Only this one is passed on: of any other protocol nobody here could say where it ends. */
export function isWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === "websocket";
}

/** 16 bytes in base64 (RFC 6455 §4.1). */
const KEY_SHAPE = /^[A-Za-z0-9+/]{22}==$/;

export function handshakeKey(request: IncomingMessage): string {
  return request.headers["sec-websocket-key"] ?? "";
}

/** What is wrong with a client's handshake (RFC 6455 §4.2.1); undefined: nothing. */
export function checkHandshake(head: RequestHead, request: IncomingMessage): Refusal | undefined {
  const isPlainGet = request.method === "GET" && request.httpVersionMinor === 1;
  // Repeated lines arrive here joined by commas, and so in no valid shape.
  const isValid =
    isPlainGet &&
    head.lengths === 0 &&
    KEY_SHAPE.test(handshakeKey(request)) &&
    request.headers["sec-websocket-version"] === "13";
  return isValid ? undefined : REFUSALS.handshake;
}

/** RFC 6455 §1.3. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Has the service agreed to this very handshake? A 101 alone would open a way through to one that
 * was tricked into it.
 */
export function isAccepted(key: string, rawHeaders: readonly (Buffer | string)[]): boolean {
  // The hash that the handshake prescribes; it keeps no secret.
  const accept = createHash("sha1").update(key).update(ACCEPT_GUID).digest("base64");
  const upgrades = valuesOf(rawHeaders, "upgrade");
  const accepts = valuesOf(rawHeaders, "sec-websocket-accept");
  return (
    upgrades.length === 1 &&
    upgrades[0]?.toLowerCase() === "websocket" &&
    accepts.length === 1 &&
    accepts[0] === accept
  );
}

function valuesOf(rawHeaders: readonly (Buffer | string)[], name: string): readonly string[] {
  const text = rawHeaders.map((bytes) => bytes.toString("latin1"));
  return text.filter((_, index) => index % 2 === 1 && text[index - 1]?.toLowerCase() === name);
}

/**
 * The response to a request whose connection node:http has let go of. It closes the connection:
 * what follows on it may be the frames of a client that did not wait.
 */
export function responseOn(request: IncomingMessage, traffic: Traffic): GatewayResponse {
  const { socket } = request;
  const response = new GatewayResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  socket.on("error", () => {});
  socket.on("drain", () => response.emit("drain"));
  response.on("finish", () => {
    response.detachSocket(socket);
    socket.end();
    socket.resume();
    lingerOnSocket(socket, traffic);
  });
  return response;
}
