import { open, readFile, type FileHandle } from "node:fs/promises";
import type { Sample } from "./load.ts";
import { readSample } from "./protocol.ts";

/** Written at least this often, so that a dead generator leaves what it saw. */
const BATCH_BYTES = 64 * 1024;
/** A disk this far behind will not catch up; a sample is about 200 bytes. */
const BEHIND_BYTES_MAX = 64 * 1024 * 1024;

/** The raw samples of a run, one a line, appended in batches away from the hot path. */
export class SampleFile {
  readonly #path: string;
  #file: FileHandle | undefined;
  #batch: string[] = [];
  #batchBytes = 0;
  #behindBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  /** Why what is on disk is not whole: then the run proves nothing. */
  problem: string | undefined;
  count = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async create(): Promise<void> {
    try {
      this.#file = await open(this.#path, "w", 0o600);
    } catch (error) {
      this.problem = `cannot create ${this.#path}: ${text(error)}`;
    }
  }

  append(sample: Sample): void {
    this.count += 1;
    const line = `${JSON.stringify(sample)}\n`;
    this.#batch.push(line);
    this.#batchBytes += line.length;
    if (this.#batchBytes >= BATCH_BYTES) this.flush();
  }

  /** Hands what is buffered to the disk; never waits. */
  flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch.join("");
    this.#batch = [];
    this.#batchBytes = 0;
    if (this.problem !== undefined) return;
    if (this.#behindBytes > BEHIND_BYTES_MAX) {
      this.problem = `${this.#path}: the disk is ${this.#behindBytes} bytes behind`;
      return;
    }
    this.#behindBytes += batch.length;
    this.#writing = this.#writing.then(() => this.#write(batch));
  }

  async #write(batch: string): Promise<void> {
    try {
      await this.#file?.writeFile(batch);
    } catch (error) {
      this.problem ??= `cannot write ${this.#path}: ${text(error)}`;
    }
    this.#behindBytes -= batch.length;
  }

  async close(): Promise<void> {
    this.flush();
    await this.#writing;
    try {
      await this.#file?.close();
    } catch (error) {
      this.problem ??= `cannot close ${this.#path}: ${text(error)}`;
    }
  }
}

/** All samples of a finished run; throws when the file is missing or a line is damaged. */
export async function readSamples(path: string): Promise<readonly Sample[]> {
  const content = await readFile(path, "utf8");
  return content
    .split("\n")
    .filter((line) => line !== "")
    .map(readSample);
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
