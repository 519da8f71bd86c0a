import { humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import type { DeclaredObjective } from "./objectives.ts";

/** What one look, a second apart from the next, showed; undefined: it could not be seen. */
export interface Look {
  /** Since the look before. */
  readonly elapsedMs: number;
  readonly sent: number;
  readonly failed: number;
  readonly p95Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** What is hurt besides what the drill may hurt; undefined: the target did not answer. */
  readonly hurt: readonly string[] | undefined;
  readonly memoryBytes: number | undefined;
  readonly diskBytes: number | undefined;
  /** Writes that were acknowledged and are not there, seen twice. */
  readonly lost: readonly string[];
}

export interface CeilingRules {
  /** So long may most requests fail, and so much more than twice is given up. */
  readonly failingMsMax: number;
  /** Declared objectives that the drill does not speak of. */
  readonly untested: readonly DeclaredObjective[];
}

/** More than this of a second's requests failed: the system is down, not hurt. */
const FAILING_RATIO = 0.5;
/** A second of an outage. */
const BAD_RATIO = 0.01;
/** An outage twice as long as predicted is not the one that was predicted. */
const OUTAGE_FACTOR = 2;
/** Longer without a look, and nobody would see what the fault does. */
const BLIND_MS_MAX = 15_000;
const MEBIBYTE = 1_048_576;
/** Less, and the machine swaps or kills: what is measured then is not the fault. */
const MEMORY_FLOOR_BYTES = 256 * MEBIBYTE;
/** Less, and the journal that the undo needs might not be written. */
const DISK_FLOOR_BYTES = 256 * MEBIBYTE;
const SHOWN_MAX = 3;

/** What ends a run at once: evaluated each second while something is broken. */
export class Ceilings {
  readonly #rules: CeilingRules;
  readonly #stretches = new Map<string, number>();

  constructor(rules: CeilingRules) {
    this.#rules = rules;
  }

  /** Why the run must be given up now; undefined: it may go on. */
  look(look: Look): string | undefined {
    return (
      this.#ranAway(look) ??
      this.#lost(look) ??
      this.#failing(look) ??
      this.#outage(look) ??
      this.#untested(look) ??
      underFloor(look)
    );
  }

  /** How long it has been so without a pause, this look included. */
  #lasts(what: string, isSo: boolean, { elapsedMs }: Look): number {
    const ms = isSo ? (this.#stretches.get(what) ?? 0) + elapsedMs : 0;
    this.#stretches.set(what, ms);
    return ms;
  }

  #ranAway(look: Look): string | undefined {
    const blindMs = this.#lasts("blind", look.hurt === undefined, look);
    if (blindMs > BLIND_MS_MAX) {
      return `what runs could not be looked at for ${humanDuration(blindMs)}`;
    }
    const hurt = look.hurt ?? [];
    if (hurt.length === 0) return undefined;
    return `the fault does more than it may: ${shown(hurt)}`;
  }

  #lost({ lost }: Look): string | undefined {
    if (lost.length === 0) return undefined;
    return `${lost.length} acknowledged writes are not there: ${shown(lost)}`;
  }

  #failing(look: Look): string | undefined {
    const ms = this.#lasts("failing", look.failed > FAILING_RATIO * look.sent, look);
    const { failingMsMax } = this.#rules;
    if (ms <= failingMsMax) return undefined;
    return (
      `more than half of all requests failed for ${humanDuration(ms)}, ` +
      `and ${humanDuration(failingMsMax)} were predicted at most`
    );
  }

  #outage(look: Look): string | undefined {
    const ms = this.#lasts("outage", look.failed > BAD_RATIO * look.sent, look);
    const msMax = OUTAGE_FACTOR * this.#rules.failingMsMax;
    if (ms <= msMax) return undefined;
    return (
      `an outage of ${humanDuration(ms)} (each second over ${humanPercent(BAD_RATIO)} failed), ` +
      `more than twice the ${humanDuration(this.#rules.failingMsMax)} that were predicted at most`
    );
  }

  /** A moment of it is the fault's; so long, and a promise breaks that nobody set out to test. */
  #untested(look: Look): string | undefined {
    const msMax = OUTAGE_FACTOR * this.#rules.failingMsMax;
    for (const { objective, limit } of this.#rules.untested) {
      const ms = this.#lasts(objective, violates({ objective, limit }, look), look);
      if (ms > msMax) {
        const lasted = humanDuration(ms);
        return `${objective}, which this drill does not test, was violated for ${lasted}`;
      }
    }
    return undefined;
  }
}

function violates({ objective, limit }: DeclaredObjective, look: Look): boolean {
  switch (objective) {
    case "errors":
      return look.failed > limit * look.sent;
    case "latency.p95":
      return look.p95Ms !== undefined && look.p95Ms > limit;
    case "latency.p99":
      return look.p99Ms !== undefined && look.p99Ms > limit;
    // No single second says anything about these.
    case "availability":
    case "recovery.time":
    case "connections":
      return false;
  }
}

/** Also before anything is broken: less than this, and no drill begins. */
export function underFloor(free: {
  readonly memoryBytes?: number | undefined;
  readonly diskBytes?: number | undefined;
}): string | undefined {
  const floors = [
    ["memory", free.memoryBytes, MEMORY_FLOOR_BYTES],
    ["disk", free.diskBytes, DISK_FLOOR_BYTES],
  ] as const;
  for (const [what, bytes, floorBytes] of floors) {
    if (bytes !== undefined && bytes < floorBytes) {
      const free = `${Math.floor(bytes / MEBIBYTE)}MiB`;
      return `only ${free} of ${what} are free, and ${floorBytes / MEBIBYTE}MiB must stay so`;
    }
  }
  return undefined;
}

function shown(items: readonly string[]): string {
  const rest = items.length - SHOWN_MAX;
  return items.slice(0, SHOWN_MAX).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
