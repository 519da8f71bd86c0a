import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import type { Clock } from "@seaworthy/std/clock";
import type { SecureOptions } from "./trust.ts";

/** What is to be held open, and how each connection shows that it was accepted. */
export interface IdlePlan {
  readonly url: string;
  /** Of an https URL; undefined: in the clear. */
  readonly secure: SecureOptions | undefined;
  /** Asked once on each connection, and again before it would be closed for its silence. */
  readonly path: string;
  readonly count: number;
  /** How long the server leaves an idle connection open. */
  readonly keepAliveMs: number;
  readonly answerMs: number;
}

export interface HeldConnections {
  /** Open and answered, now. */
  readonly held: number;
  /** The most that were held at one time. */
  readonly most: number;
  readonly refused: number;
  /** Accepted, and closed by the other side before we did. */
  readonly cut: number;
  /** No answer to the request in time, or another one than a success. */
  readonly unanswered: number;
  /** This machine gave no more descriptors or ports. */
  readonly exhausted: boolean;
}

/** In one turn of the ramp; a listening socket's queue holds a few thousand. */
const TURN = 100;
/** 2,000 a second: 10,000 stand in five. */
const TURN_MS = 50;
/** Of the server's patience: asked again by then, a connection is never closed for its silence. */
const ASK_AGAIN_SHARE = 0.5;
const LOOK_MS = 100;
/** Errors of our own side: out of descriptors, of memory for sockets, of local ports. */
const EXHAUSTED = new Set(["EMFILE", "ENFILE", "ENOBUFS", "EADDRNOTAVAIL"]);

/** What one process may have open here (proc(5), /proc/PID/limits); undefined: not Linux. */
export function descriptorsMax(): number | undefined {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
    return hard === undefined ? undefined : Number(hard);
  } catch {
    return undefined;
  }
}

/** Connections that are open and say nothing. Disposing closes them all. */
export class IdleConnections implements AsyncDisposable {
  readonly #plan: IdlePlan;
  readonly #clock: Clock;
  readonly #open = new Set<Connection>();
  readonly #request: string;
  #most = 0;
  #refused = 0;
  #cut = 0;
  #unanswered = 0;
  #exhausted = false;
  #closing = false;

  constructor(plan: IdlePlan, clock: Clock) {
    const { host } = new URL(plan.url);
    this.#plan = plan;
    this.#clock = clock;
    this.#request = `GET ${plan.path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
  }

  get counts(): HeldConnections {
    const held = [...this.#open].filter(({ answered }) => answered).length;
    this.#most = Math.max(this.#most, held);
    return {
      held,
      most: this.#most,
      refused: this.#refused,
      cut: this.#cut,
      unanswered: this.#unanswered,
      exhausted: this.#exhausted,
    };
  }

  /** Opens them all, evenly, and waits until each was answered or given up. */
  async open(signal: AbortSignal): Promise<void> {
    for (let made = 0; made < this.#plan.count && !this.#exhausted; made += TURN) {
      const turn = Math.min(TURN, this.#plan.count - made);
      for (let one = 0; one < turn && !this.#exhausted; one += 1) this.#add();
      await this.#clock.sleep(TURN_MS, signal);
    }
    const untilMs = this.#clock.now() + this.#plan.answerMs;
    while (this.#isWaiting() && this.#clock.now() < untilMs) {
      await this.#clock.sleep(LOOK_MS, signal);
    }
  }

  /** Keeps them from being closed for their silence, until `signal`. */
  async keep(signal: AbortSignal): Promise<void> {
    const againMs = this.#plan.keepAliveMs * ASK_AGAIN_SHARE;
    while (!signal.aborted) {
      const nowMs = this.#clock.now();
      const silent = [...this.#open].filter(({ askedMs }) => nowMs - askedMs > againMs);
      for (const connection of silent.slice(0, TURN)) this.#ask(connection);
      await this.#clock.sleep(TURN_MS, signal).catch(() => {});
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    for (const { socket } of this.#open) socket.destroy();
    this.#open.clear();
  }

  #isWaiting(): boolean {
    return [...this.#open].some(({ answered }) => !answered);
  }

  #add(): void {
    const { hostname, port } = new URL(this.#plan.url);
    const { secure } = this.#plan;
    const where = { host: hostname, port: Number(port), noDelay: true };
    const socket = secure === undefined ? connect(where) : connectSecure({ ...where, ...secure });
    const connection: Connection = { socket, answered: false, connected: false, askedMs: 0 };
    this.#open.add(connection);
    socket.once(secure === undefined ? "connect" : "secureConnect", () => {
      connection.connected = true;
      this.#ask(connection);
    });
    socket.on("data", (chunk: Buffer) => this.#hear(connection, chunk));
    socket.on("error", (error: Error) => {
      if ("code" in error && EXHAUSTED.has(String(error.code))) this.#exhausted = true;
    });
    socket.once("close", () => this.#closed(connection));
  }

  #ask(connection: Connection): void {
    connection.askedMs = this.#clock.now();
    connection.socket.write(this.#request);
  }

  #hear(connection: Connection, chunk: Buffer): void {
    if (connection.answered) return;
    const isGood = /^HTTP\/1\.1 [23]/.test(chunk.subarray(0, 16).toString("latin1"));
    if (isGood) connection.answered = true;
    else connection.socket.destroy();
  }

  #closed(connection: Connection): void {
    if (this.#closing || !this.#open.delete(connection)) return;
    if (connection.answered) this.#cut += 1;
    else if (connection.connected) this.#unanswered += 1;
    else if (!this.#exhausted) this.#refused += 1;
  }
}

interface Connection {
  readonly socket: Socket;
  connected: boolean;
  answered: boolean;
  /** When it last sent something, on our clock. */
  askedMs: number;
}
