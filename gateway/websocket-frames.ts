/** The close status for a server that goes away to come back (IANA registry of RFC 6455 §7.4). */
const SERVICE_RESTART = 1_012;
const REASON = "service restart";

/** A whole close frame as a server sends it, unmasked (RFC 6455 §5.5.1). */
export function closeFrame(): Buffer {
  const frame = Buffer.alloc(4 + REASON.length);
  frame[0] = 0x88;
  frame[1] = 2 + REASON.length;
  frame.writeUInt16BE(SERVICE_RESTART, 2);
  frame.write(REASON, 4, "latin1");
  return frame;
}

/** Two bytes, up to eight of length, four of a mask (RFC 6455 §5.2). */
const HEADER_BYTES_MAX = 14;
const OPCODE_CLOSE = 0x8;
/** Opcodes from here on are control frames; they may stand between the frames of one message. */
const OPCODE_CONTROL = 0x8;

/**
 * Follows the frames of one direction without keeping them: it knows where messages end, and so
 * where a frame of ours may stand.
 */
export class FrameTracker {
  readonly #header = Buffer.alloc(HEADER_BYTES_MAX);
  #headerBytes = 0;
  #payloadLeft = 0;
  #isMessageOpen = false;
  #isBroken = false;
  #hasClosed = false;

  /** Between two messages: nothing of one has passed that has not passed whole. */
  get isBetweenMessages(): boolean {
    return !this.#isBroken && !this.#isInFrame && !this.#isMessageOpen;
  }

  /** This side has sent its own close frame: nothing may follow it. */
  get hasClosed(): boolean {
    return this.#hasClosed;
  }

  /** Takes what passes, and returns where in it the last message ends; -1: none ends in it. */
  scan(chunk: Buffer): number {
    let lastEnd = -1;
    let offset = 0;
    while (offset < chunk.length && !this.#isBroken) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - offset);
        this.#payloadLeft -= taken;
        offset += taken;
      } else {
        this.#header[this.#headerBytes] = chunk[offset] ?? 0;
        this.#headerBytes += 1;
        offset += 1;
        if (!this.#isHeaderWhole()) continue;
        this.#begin();
      }
      if (this.#payloadLeft > 0) continue;
      this.#headerBytes = 0;
      if (this.isBetweenMessages) lastEnd = offset;
    }
    return lastEnd;
  }

  get #isInFrame(): boolean {
    return this.#headerBytes > 0 || this.#payloadLeft > 0;
  }

  #isHeaderWhole(): boolean {
    const second = this.#header[1] ?? 0;
    if (this.#headerBytes < 2) return false;
    const length = second & 0x7f;
    const lengthBytes = length === 126 ? 2 : length === 127 ? 8 : 0;
    const maskBytes = (second & 0x80) === 0 ? 0 : 4;
    return this.#headerBytes === 2 + lengthBytes + maskBytes;
  }

  #begin(): void {
    const first = this.#header[0] ?? 0;
    const opcode = first & 0x0f;
    const isFinal = (first & 0x80) !== 0;
    this.#payloadLeft = this.#payloadLength();
    if (opcode < OPCODE_CONTROL) this.#isMessageOpen = !isFinal;
    else if (opcode === OPCODE_CLOSE) this.#hasClosed = true;
  }

  #payloadLength(): number {
    const length = (this.#header[1] ?? 0) & 0x7f;
    if (length === 126) return this.#header.readUInt16BE(2);
    if (length < 126) return length;
    const long = this.#header.readBigUInt64BE(2);
    // Nobody sends a frame of petabytes: whatever this is, its frames cannot be followed.
    if (long > BigInt(Number.MAX_SAFE_INTEGER)) this.#isBroken = true;
    return Number(long);
  }
}
