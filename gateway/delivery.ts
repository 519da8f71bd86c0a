import { HELD_BYTES_MAX, onResponseDrain, type GatewayResponse } from "./answer.ts";
import { EventStream } from "./event-stream.ts";
import type { ResponseHead } from "./headers.ts";

/** The body of one answer on its way to the client, its head being written. */
export class Delivery {
  readonly #response: GatewayResponse;
  readonly #contentLength: number;
  /** Set where it is a stream of events, which may end between two of them. */
  readonly #events: EventStream | undefined;
  #held: Buffer | undefined = undefined;
  /** The client has to take what it was sent before it gets more. */
  isPaused = false;
  bytes = 0;

  constructor(response: GatewayResponse, head: ResponseHead) {
    this.#response = response;
    this.#contentLength = head.contentLength;
    this.#events = head.isStream && head.contentLength < 0 ? new EventStream() : undefined;
  }

  /** Its end is where it ends: nobody said how long it is. */
  get isOpenEnded(): boolean {
    return this.#contentLength < 0;
  }

  /** Goes out in one piece: its head has nothing to say before the body is here. */
  get isShort(): boolean {
    return !this.isOpenEnded && this.#contentLength <= HELD_BYTES_MAX;
  }

  flushHead(): void {
    if (this.bytes === 0) this.#response.flushHeaders();
  }

  /** True when it is held: its end is about to come, and both go out together. */
  take(chunk: Buffer): boolean {
    const isWhole = this.bytes === 0 && chunk.length === this.#contentLength;
    if (isWhole && chunk.length <= HELD_BYTES_MAX) {
      this.bytes = chunk.length;
      this.#held = chunk;
      return true;
    }
    const passed = this.#events?.pass(chunk) ?? chunk;
    this.bytes += passed.length;
    const response = this.#response;
    if (response.write(passed) || this.isPaused) return false;
    this.isPaused = true;
    if (response.listenerCount("drain") === 0) response.on("drain", onResponseDrain);
    return false;
  }

  end(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) this.#response.end();
    // As a string of bytes it goes out in one write with the head; as a buffer it would take two.
    else this.#response.end(held.toString("latin1"), "latin1");
  }

  /** A stream of events is to end after the one being sent; false: it is none, or ends already. */
  windUp(): boolean {
    if (this.#events === undefined || this.#events.isEnding) return false;
    this.#events.end();
    return true;
  }

  get isEnding(): boolean {
    return this.#events?.isEnding === true;
  }

  /** Its last event has been sent. */
  get isOver(): boolean {
    return this.#events?.isOver === true;
  }
}
