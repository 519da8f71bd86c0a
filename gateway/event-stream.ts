const CR = 13;
const LF = 10;

/**
 * Follows a `text/event-stream` by its last four bytes, and knows so where an event ends: after an
 * empty line (HTML Living Standard §9.2.6). A client drops an event that is not whole.
 */
export class EventStream {
  #tail = 0;
  #isEmpty = true;
  #isEnding = false;
  #isOver = false;

  /** It is to end after the event that is being sent, or at once where none is. */
  end(): void {
    this.#isEnding = true;
    this.#isOver = this.#isEmpty || endsEvent(this.#tail);
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** The last event that was to be sent has been. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** What of the chunk is to be sent: all of it, or what belongs to the last event. */
  pass(chunk: Buffer): Buffer {
    if (this.#isEnding) return this.#passLast(chunk);
    for (let index = Math.max(0, chunk.length - 4); index < chunk.length; index += 1) {
      this.#push(chunk[index] ?? 0);
    }
    return chunk;
  }

  /** Up to the last end of an event in it: what comes after that is only begun. */
  #passLast(chunk: Buffer): Buffer {
    let lastEnd = chunk.length;
    for (let index = 0; index < chunk.length; index += 1) {
      this.#push(chunk[index] ?? 0);
      if (!endsEvent(this.#tail)) continue;
      lastEnd = index + 1;
      this.#isOver = true;
    }
    return chunk.subarray(0, lastEnd);
  }

  #push(byte: number): void {
    this.#tail = (this.#tail << 8) | byte;
    this.#isEmpty = false;
  }
}

/** By the last four bytes. A line ends with CR, LF or both. */
function endsEvent(tail: number): boolean {
  const last = tail & 0xff;
  const second = (tail >>> 8) & 0xff;
  const third = (tail >>> 16) & 0xff;
  if (last === LF && second === CR) return third === LF || third === CR;
  return (last === LF && second === LF) || (last === CR && (second === CR || second === LF));
}
