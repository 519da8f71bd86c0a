import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Clock } from "@seaworthy/std/clock";

/**
 * How much of a body is kept so that it can be sent again: prompts and JSON documents fit, and a
 * thousand connections keep at most 64 MiB.
 */
export const BODY_KEPT_BYTES_MAX = 65_536;

/**
 * Slower than this over its whole length, a body comes to be slow: each byte just before it would
 * be late could go on for days. As slow as a modem of 1985, and what Apache asks for
 * (mod_reqtimeout, MinRate=500); `bodyMs` of it is credit.
 */
const BODY_BYTES_PER_SECOND_MIN = 500;

export interface BodyLimit {
  readonly bytesMax: number;
  readonly clock: Clock;
}

export interface BodyEvents {
  /** Bytes arrived from the client. */
  progress(): void;
  /** More than the allowed number of bytes came. */
  overflow(): void;
  /** The client's last byte is here. */
  complete(): void;
}

/**
 * One request's body: read once from the client, given to one try after another. What was given
 * out is kept up to a limit; beyond it the body cannot be given again.
 */
export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #events: BodyEvents;
  readonly #bytesMax: number;
  #kept: Buffer[] | undefined = [];
  #feed: Feed | undefined = undefined;
  #discarded = false;
  readonly #clock: Clock;
  /** How long it was the client's turn, before the turn that began at `#turnMs`. */
  #waitedMs = 0;
  #turnMs: number | undefined;
  #progressMs: number;
  bytes = 0;
  isComplete = false;

  constructor(request: IncomingMessage, events: BodyEvents, limit: BodyLimit) {
    this.#request = request;
    this.#events = events;
    this.#bytesMax = limit.bytesMax;
    this.#clock = limit.clock;
    this.#progressMs = limit.clock.now();
    this.#turnMs = this.#progressMs;
    request.on("data", (chunk: Buffer) => this.#take(chunk));
    request.on("end", () => this.#end());
    // The response's `close` says what has to be done; without a listener this would be fatal.
    request.on("error", () => {});
  }

  /** Everything that was given out can be given again. */
  get isKept(): boolean {
    return this.#kept !== undefined;
  }

  /** The whole body; only once it is complete and kept. */
  whole(): Buffer | undefined {
    if (!this.isComplete || this.#kept === undefined) return undefined;
    return this.#kept.length === 1 ? this.#kept[0] : Buffer.concat(this.#kept);
  }

  /** True while it is the client's turn: not the endpoint that keeps us from reading on. */
  get waitsForClient(): boolean {
    return !this.isComplete && !this.#request.isPaused();
  }

  /**
   * When the client is late, on the monotonic clock: after `silenceMs` without a byte, or when all
   * of it so far came too slowly. The endpoint's own slowness counts against nobody here.
   */
  lateAtMs(silenceMs: number): number {
    const nowMs = this.#clock.now();
    const waitedMs = this.#waitedMs + (this.#turnMs === undefined ? 0 : nowMs - this.#turnMs);
    const allowedMs = silenceMs + (this.bytes / BODY_BYTES_PER_SECOND_MIN) * 1_000;
    return Math.min(this.#progressMs + silenceMs, nowMs + allowedMs - waitedMs);
  }

  #pause(): void {
    if (this.#turnMs !== undefined) this.#waitedMs += this.#clock.now() - this.#turnMs;
    this.#turnMs = undefined;
    this.#request.pause();
  }

  #resume(): void {
    if (this.#turnMs === undefined) {
      this.#turnMs = this.#clock.now();
      this.#progressMs = this.#turnMs;
    }
    this.#request.resume();
  }

  /**
   * A stream of the body from its first byte on, for one try. Ends the stream given before.
   * The client is read from only when the endpoint reads, so that a refused connection costs
   * nothing of the body.
   */
  open(): Readable {
    this.#feed?.destroy();
    if (!this.isComplete) this.#pause();
    const feed = new Feed(() => this.#resume());
    this.#feed = feed;
    for (const chunk of this.#kept ?? []) feed.push(chunk);
    if (this.isComplete) feed.push(null);
    return feed;
  }

  /** The rest is read and thrown away. */
  discard(): void {
    this.#discarded = true;
    this.#kept = undefined;
    this.#feed = undefined;
    this.#request.resume();
  }

  #take(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#progressMs = this.#clock.now();
    if (this.#discarded) return;
    if (this.bytes > this.#bytesMax) {
      this.#events.overflow();
      return;
    }
    if (this.bytes > BODY_KEPT_BYTES_MAX) this.#kept = undefined;
    this.#kept?.push(chunk);
    const feed = this.#feed;
    if (feed !== undefined && !feed.destroyed && !feed.push(chunk)) this.#pause();
    this.#events.progress();
  }

  #end(): void {
    this.isComplete = true;
    if (this.#feed?.destroyed === false) this.#feed.push(null);
    this.#events.complete();
  }
}

/** Not the request itself: undici destroys what it reads from, and that would be the client. */
class Feed extends Readable {
  readonly #wanted: () => void;

  constructor(wanted: () => void) {
    super();
    this.#wanted = wanted;
    this.on("error", () => {});
  }

  override _read(): void {
    this.#wanted();
  }
}
