import { appendFile } from "node:fs/promises";
import type { Clock } from "@seaworthy/std/clock";

/** Lines wait at most this long before they are written. */
const FLUSH_EVERY_MS = 200;
/** What may wait in memory while the disk is slow: about 16,000 lines; beyond, they are dropped. */
const WAITING_CHARS_MAX = 4 * 1024 * 1024;

/**
 * JSON lines, appended in batches; a request never waits for it. The file is opened anew for each
 * batch, so that whoever rotates it needs to tell nobody. What cannot be written (a full disk) is
 * dropped and counted.
 */
export class AccessLog {
  readonly #clock: Clock;
  #path: string | undefined;
  #waiting = "";
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
    if (this.#waiting.length > WAITING_CHARS_MAX) {
      this.dropped += 1;
      return;
    }
    this.#waiting += `${line}\n`;
    this.#waitingLines += 1;
    if (!this.#isFlushing) void this.#flushLater();
  }

  /** Writes what waits, after what is being written. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writeBatch());
    return this.#writing;
  }

  async #writeBatch(): Promise<void> {
    const text = this.#waiting;
    const lines = this.#waitingLines;
    this.#waiting = "";
    this.#waitingLines = 0;
    if (lines === 0 || this.#path === undefined) return;
    try {
      await appendFile(this.#path, this.#isTorn ? `\n${text}` : text, { mode: 0o600 });
      this.#isTorn = false;
    } catch {
      this.#isTorn = true;
      this.dropped += lines;
    }
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
