import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Clock } from "@seaworthy/std/clock";
import { processTime } from "./ticks.ts";

/** What dies between two looks keeps up to this much of its CPU to itself. */
const LOOK_EVERY_MS = 500;

/** Parts of a system that are told apart by their command lines. */
type Part = "edge" | "front" | "tool" | "services";

/** Milliseconds of CPU per second, by part of the system: 1,000 is one core. */
export type CpuUse = Readonly<Record<Part, number>>;

interface Counted {
  readonly part: Part;
  readonly firstMs: number;
  lastMs: number;
}

/**
 * CPU of all processes of a system that lives in `folder`: they name it in their argv, environment
 * or working folder. The load generator of a bench is none of them.
 */
class CpuMeter implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #folder: string;
  readonly #counted = new Map<string, Counted>();
  readonly #strangers = new Set<string>();
  readonly #over = new AbortController();
  readonly #looking: Promise<void>;
  readonly #startedMs: number;

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
    this.#look(true);
    this.#startedMs = clock.now();
    this.#looking = this.#loop();
  }

  /** Until now. Undefined where /proc says nothing. */
  read(): CpuUse | undefined {
    this.#look(false);
    const seconds = (this.#clock.now() - this.#startedMs) / 1_000;
    if (this.#counted.size === 0) return undefined;
    const use: Record<Part, number> = { edge: 0, front: 0, tool: 0, services: 0 };
    for (const { part, firstMs, lastMs } of this.#counted.values()) {
      use[part] += (lastMs - firstMs) / seconds;
    }
    return use;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#looking;
  }

  async #loop(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#clock.sleep(LOOK_EVERY_MS, this.#over.signal).catch(() => {});
      this.#look(false);
    }
  }

  #look(isFirst: boolean): void {
    for (const name of pids()) {
      const time = processTime(Number(name));
      if (time === undefined) continue;
      const key = `${name}@${time.startTick}`;
      const counted = this.#counted.get(key) ?? this.#meet(name, key, isFirst ? time.ownMs : 0);
      if (counted !== undefined) counted.lastMs = time.ownMs;
    }
  }

  #meet(pid: string, key: string, firstMs: number): Counted | undefined {
    if (this.#strangers.has(key)) return undefined;
    const argv = attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"));
    const others = [
      () => readFileSync(`/proc/${pid}/environ`, "utf8"),
      () => readlinkSync(`/proc/${pid}/cwd`),
    ];
    const isOurs = [argv, ...others.map(attempt)].some((text) => text.includes(this.#folder));
    if (!isOurs) {
      // A child that has not yet become its own program looks like its parent: ask again.
      if (argv !== "") this.#strangers.add(key);
      return undefined;
    }
    const counted = { part: partOf(argv), firstMs, lastMs: firstMs };
    this.#counted.set(key, counted);
    return counted;
  }
}

function partOf(argv: string): Part {
  if (argv.includes("/seaworthy/cli/")) return "tool";
  // HAProxy or nginx before the instances; nginx names itself anew in each of its processes.
  if (argv.startsWith("nginx:") || /(?:^|\/)(?:haproxy|nginx)\0/.test(argv)) return "front";
  return argv.includes("/gateway/") ? "edge" : "services";
}

function pids(): readonly string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}

/** What the system in `folder` used while this was done. */
export async function cpuWhile(
  folder: string,
  clock: Clock,
  work: () => Promise<void>,
): Promise<CpuUse | undefined> {
  await using meter = new CpuMeter(`${folder}/`, clock);
  await work();
  return meter.read();
}

/** As figures of a run, in milliseconds of CPU per second. */
export function cpuFigures(use: CpuUse | undefined): Readonly<Record<string, number>> {
  if (use === undefined) return {};
  const own = { toolCpuMsPerS: use.tool, servicesCpuMsPerS: use.services };
  const front = use.front > 0 ? { frontCpuMsPerS: use.front } : {};
  return { edgeCpuMsPerS: use.edge, ...front, ...own };
}
