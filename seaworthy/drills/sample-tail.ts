import { open } from "node:fs/promises";
import type { Sample } from "../load/load.ts";
import { readSample } from "../load/protocol.ts";

/** Of one look: a second at 20,000 requests/s. What is more is read by the next one. */
const LOOK_BYTES_MAX = 4 * 1_048_576;

/** Follows the raw samples of a run while the generator writes them, whole lines at a time. */
export class SampleTail {
  readonly #path: string;
  #readBytes = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** What was written since the last look, in order of ending; none while no file is there. */
  async next(): Promise<readonly Sample[]> {
    const added = await this.#added();
    const bytes = Buffer.concat([this.#rest, added]);
    const end = bytes.lastIndexOf("\n") + 1;
    this.#rest = Buffer.from(bytes.subarray(end));
    const lines = bytes.subarray(0, end).toString("utf8").split("\n");
    return lines.filter((line) => line !== "").map(readSample);
  }

  async #added(): Promise<Buffer> {
    const file = await open(this.#path, "r").catch(() => undefined);
    if (file === undefined) return Buffer.alloc(0);
    try {
      const buffer = Buffer.alloc(LOOK_BYTES_MAX);
      const { bytesRead } = await file.read(buffer, 0, LOOK_BYTES_MAX, this.#readBytes);
      this.#readBytes += bytesRead;
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }
}
