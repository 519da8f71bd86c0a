import { StringDecoder } from "node:string_decoder";

/** More of one line is no line but content: what follows is dropped and said. */
const LINE_BYTES_MAX = 65_536;
const NEWLINE = 0x0a;

/** Cuts bytes into lines as they come; holds at most one line of `LINE_BYTES_MAX`. */
export class LineCutter {
  #pieces: Buffer[] = [];
  #kept = 0;
  #dropped = 0;

  /** The lines that ended in this chunk. */
  push(chunk: Buffer): readonly string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  /** What was written without a newline so far, as a line; undefined when there is none. */
  rest(): string | undefined {
    return this.#kept === 0 ? undefined : this.#take();
  }

  #keep(piece: Buffer): void {
    const room = LINE_BYTES_MAX - this.#kept;
    const part = piece.subarray(0, room);
    // A copy: the caller reads its next chunk into the same buffer.
    if (part.length > 0) this.#pieces.push(Buffer.from(part));
    this.#kept += part.length;
    this.#dropped += piece.length - part.length;
  }

  #take(): string {
    // A decoder leaves out a character that was cut in the middle.
    const text = new StringDecoder("utf8").write(Buffer.concat(this.#pieces));
    const line = this.#dropped === 0 ? text : `${text} … [cut: ${this.#dropped} bytes more]`;
    this.#pieces = [];
    this.#kept = 0;
    this.#dropped = 0;
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }
}
