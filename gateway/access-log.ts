import { appendFile } from "node:fs/promises";
import type { Clock } from "@seaworthy/std/clock";

/** Lines wait at most this long before they are written. */
const FLUSH_EVERY_MS = 200;
/** What may wait in memory while the disk is slow: about 16,000 lines; beyond, they are dropped. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;
const BLOCK_BYTES = 64 * 1024;
/** UTF-8 takes at most three bytes for one UTF-16 unit (RFC 3629). */
const BYTES_PER_UNIT_MAX = 3;

const LINE_FEED = 10;
const TORN_END = Buffer.from([LINE_FEED]);

/**
 * JSON lines, appended in batches; a request never waits for it. The file is opened anew for each
 * batch, so that whoever rotates it needs to tell nobody. What cannot be written (a full disk) is
 * dropped and counted.
 */
export class AccessLog {
  readonly #clock: Clock;
  #path: string | undefined;
  /**
   * Bytes, not text: joined strings stay trees of their parts until somebody reads them, and the
   * garbage collector then carries each part of each line along (seen: 17 ms a scavenge).
   */
  #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #used = 0;
  #full: Buffer[] = [];
  #waitingBytes = 0;
  #waitingLines = 0;
  #isFlushing = false;
  #writing: Promise<void> = Promise.resolve();
  /** A failed write may have left half a line behind. */
  #isTorn = false;
  dropped = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined: nothing is logged. */
  set path(path: string | undefined) {
    this.#path = path;
  }

  get isOn(): boolean {
    return this.#path !== undefined;
  }

  /** `line` is one JSON document without its line end. */
  write(line: string): void {
    const bytesMax = line.length * BYTES_PER_UNIT_MAX + 1;
    if (this.#waitingBytes > WAITING_BYTES_MAX || bytesMax > BLOCK_BYTES) {
      this.dropped += 1;
      return;
    }
    if (this.#used + bytesMax > BLOCK_BYTES) this.#nextBlock();
    const bytes = this.#block.write(line, this.#used);
    this.#block[this.#used + bytes] = LINE_FEED;
    this.#used += bytes + 1;
    this.#waitingBytes += bytes + 1;
    this.#waitingLines += 1;
    if (!this.#isFlushing) void this.#flushLater();
  }

  /** Writes what waits, after what is being written. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writeBatch());
    return this.#writing;
  }

  async #writeBatch(): Promise<void> {
    const lines = this.#waitingLines;
    if (lines === 0) return;
    this.#nextBlock();
    const bytes = Buffer.concat(this.#isTorn ? [TORN_END, ...this.#full] : this.#full);
    this.#full = [];
    this.#waitingBytes = 0;
    this.#waitingLines = 0;
    if (this.#path === undefined) return;
    try {
      await appendFile(this.#path, bytes, { mode: 0o600 });
      this.#isTorn = false;
    } catch {
      this.#isTorn = true;
      this.dropped += lines;
    }
  }

  #nextBlock(): void {
    if (this.#used > 0) this.#full.push(this.#block.subarray(0, this.#used));
    this.#block = Buffer.allocUnsafe(BLOCK_BYTES);
    this.#used = 0;
  }

  async #flushLater(): Promise<void> {
    this.#isFlushing = true;
    while (this.#waitingLines > 0) {
      await this.#clock.sleep(FLUSH_EVERY_MS);
      await this.flush();
    }
    this.#isFlushing = false;
  }
}
