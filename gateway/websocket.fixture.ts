import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
export const TEXT = 0x1;
const CLOSE = 0x8;

function acceptOf(key: string): string {
  return createHash("sha1").update(`${key}${ACCEPT_GUID}`).digest("base64");
}

/** One whole frame; masked as clients have to. */
export function frame(opcode: number, payload: Buffer, isMasked = false): Buffer {
  const mask = isMasked ? randomBytes(4) : Buffer.alloc(0);
  const size = payload.length;
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = (isMasked ? 0x80 : 0) | (size < 126 ? size : size < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(size, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(size), 2);
  const body = isMasked ? payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)) : payload;
  return Buffer.concat([head, mask, body]);
}

/** One side of a WebSocket: frames in, frames out. Only whole, unfragmented messages. */
export class WebSocketPeer {
  readonly socket: Duplex;
  readonly messages: string[] = [];
  /** Of the close frame that came; undefined: none has. */
  closeCode: number | undefined = undefined;
  closedMs: number | undefined = undefined;
  readonly closed: Promise<void>;
  onMessage: (text: string) => void = () => {};
  readonly #isClient: boolean;
  #rest = Buffer.alloc(0);
  #hasClosed = false;

  constructor(socket: Duplex, isClient: boolean, first: Buffer = Buffer.alloc(0)) {
    this.socket = socket;
    this.#isClient = isClient;
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.closedMs = performance.now();
        resolve();
      });
    });
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("end", () => socket.end());
    if (first.length > 0) this.#take(first);
  }

  get isOpen(): boolean {
    return !this.#hasClosed && this.closeCode === undefined && this.socket.writable;
  }

  /** False when the other side does not keep up. */
  send(text: string | Buffer): boolean {
    return this.socket.write(frame(TEXT, Buffer.from(text), this.#isClient));
  }

  close(code: number): void {
    if (this.#hasClosed) return;
    this.#hasClosed = true;
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.socket.write(frame(CLOSE, payload, this.#isClient));
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const whole = readFrame(this.#rest);
      if (whole === undefined) return;
      this.#rest = this.#rest.subarray(whole.size);
      this.#hear(whole.opcode, whole.payload);
    }
  }

  #hear(opcode: number, payload: Buffer): void {
    if (opcode === TEXT) {
      const text = payload.toString();
      this.messages.push(text);
      this.onMessage(text);
    } else if (opcode === CLOSE) {
      this.closeCode = payload.length < 2 ? 1_005 : payload.readUInt16BE();
      this.close(this.closeCode);
      // RFC 6455 §7.1.1: the server closes the connection.
      if (!this.#isClient) this.socket.end();
    }
  }
}

function readFrame(bytes: Buffer) {
  if (bytes.length < 2) return undefined;
  const opcode = (bytes[0] ?? 0) & 0x0f;
  const isMasked = ((bytes[1] ?? 0) & 0x80) !== 0;
  const short = (bytes[1] ?? 0) & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const from = 2 + lengthBytes + (isMasked ? 4 : 0);
  if (bytes.length < from) return undefined;
  const length =
    short === 126
      ? bytes.readUInt16BE(2)
      : short === 127
        ? Number(bytes.readBigUInt64BE(2))
        : short;
  if (bytes.length < from + length) return undefined;
  const mask = isMasked ? bytes.subarray(from - 4, from) : Buffer.alloc(4);
  const payload = bytes.subarray(from, from + length).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return { opcode, payload: Buffer.from(payload), size: from + length };
}

/** The service's side: agrees to the handshake. */
export function accept(request: IncomingMessage, socket: Duplex, first: Buffer): WebSocketPeer {
  const key = request.headers["sec-websocket-key"] ?? "";
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${acceptOf(key)}\r\nX-Kept: yes\r\n\r\n`,
  );
  return new WebSocketPeer(socket, false, first);
}

export interface Opened {
  readonly head: string;
  readonly peer: WebSocketPeer;
  readonly socket: Socket;
}

/** Opens one; rejects with the answer's head where that is no 101 for this key. */
export async function openWebSocket(port: number, path = "/", headers = ""): Promise<Opened> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return await openOn(socket, path, headers);
}

/** The same on a connection that there is, such as one over TLS. */
export function openOn(socket: Socket, path = "/", headers = ""): Promise<Opened> {
  const key = randomBytes(16).toString("base64");
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n${headers}\r\n`,
  );
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const fail = (): void => reject(new Error(head.toString()));
    socket.on("error", fail);
    socket.on("close", fail);
    const onData = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      const text = head.toString("latin1", 0, end);
      if (!text.startsWith("HTTP/1.1 101 ") || !text.includes(acceptOf(key))) return fail();
      socket.off("data", onData);
      const peer = new WebSocketPeer(socket, true, head.subarray(end + 4));
      resolve({ head: text, peer, socket });
    };
    socket.on("data", onData);
  });
}
