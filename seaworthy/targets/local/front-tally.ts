import { freshId } from "@seaworthy/std/random";
import type { ClassCounts } from "@seaworthy/gateway/control";
import type { InstanceId } from "../../record/step.ts";
import { LogTail, type ReadLine } from "./front-log.ts";

/** Counts of one instance, out of an access log. */
export interface Tallied {
  readonly requests: number;
  readonly failed: ClassCounts;
  readonly begun: ClassCounts;
  /** By the bounds that were asked for; the last is everything above. */
  readonly latency: readonly number[];
  readonly lastRequestWallMs: number | undefined;
}

type Counts = { -readonly [Class in keyof ClassCounts]: ClassCounts[Class] };

class Tally {
  requests = 0;
  readonly failed: Counts = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };
  readonly begun: Counts = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };
  latency: number[] = [];
  lastRequestWallMs: number | undefined = undefined;
}

/**
 * Counts what an access log says of each instance from the first look on: for what a provider
 * itself does not keep. Its counts begin anew with each process that looks, and say so.
 */
export class FrontTally {
  readonly #tail: LogTail;
  readonly #id = freshId();
  readonly #byInstance = new Map<InstanceId, Tally>();

  constructor(logFile: string) {
    this.#tail = new LogTail(logFile);
  }

  /** Changes when a difference between two looks proves nothing. */
  get since(): string {
    return `${this.#id}.${this.#tail.losses}`;
  }

  /** Resolves when everything that is in the log now is counted. */
  async read(readLine: ReadLine, boundsMs: readonly number[]): Promise<void> {
    for (const line of await this.#tail.read()) {
      for (const one of readLine(line)) {
        if (one.instance === undefined) continue;
        const tally = this.#of(one.instance, boundsMs.length + 1);
        tally.requests += 1;
        tally.begun[one.requestClass] += 1;
        if (one.isFailed) tally.failed[one.requestClass] += 1;
        if (one.sentWallMs !== undefined) {
          tally.lastRequestWallMs = Math.max(tally.lastRequestWallMs ?? 0, one.sentWallMs);
        }
        // A stream's length says nothing about its server.
        if (one.ms === undefined || one.requestClass === "stream") continue;
        const { ms } = one;
        const bucket = boundsMs.findIndex((bound) => ms <= bound);
        const at = bucket === -1 ? boundsMs.length : bucket;
        tally.latency[at] = (tally.latency[at] ?? 0) + 1;
      }
    }
  }

  of(instance: InstanceId): Tallied | undefined {
    return this.#byInstance.get(instance);
  }

  #of(instance: InstanceId, buckets: number): Tally {
    const known = this.#byInstance.get(instance);
    if (known !== undefined) return known;
    const tally = new Tally();
    tally.latency = new Array<number>(buckets).fill(0);
    this.#byInstance.set(instance, tally);
    return tally;
  }
}
