import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { present } from "@seaworthy/std/assert";

/** One life of a verb, as a line of JSON. `number` 0: nobody was to die, its points are counted. */
export interface Line {
  readonly seed: number;
  readonly number: number;
  /** Where it died; `null`: it ended before that point. */
  readonly struck: string | null;
  /** Of a life that nobody cut short: how many points it had. */
  readonly points: number | null;
  readonly seconds: number;
  /** What was tried: `git rev-parse`, with `+` where files differ from it. */
  readonly commit: string;
  readonly at: string;
  /** What was found wrong; `null`: nothing. */
  readonly wrong: string | null;
}

/** A point at which nobody died so often is beyond the end of that verb's lives. */
const TRIES_MAX = 2;

/** The lives of one verb by one role and seed, in a file that grows; a torn line is dropped. */
export class PointLog {
  readonly #file: string;
  readonly #lines: Line[];

  constructor(folder: string, name: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#file = join(folder, `${name}.ndjson`);
    const text = existsSync(this.#file) ? readFileSync(this.#file, "utf8") : "";
    const whole = text.split("\n").slice(0, -1);
    this.#lines = whole.flatMap((line) => parsed(line) ?? []);
    if (!text.endsWith("\n") && text !== "") appendFileSync(this.#file, "\n");
  }

  add(line: Line): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
    this.#lines.push(line);
  }

  /**
   * The next point that nobody died at yet; 0: its points are not counted; undefined: all are
   * tried, or it cannot even be counted.
   */
  next(): number | undefined {
    const { n, died } = this.sum();
    const tried = (number: number) => this.#lines.filter((line) => line.number === number).length;
    if (n === 0) return tried(0) < TRIES_MAX ? 0 : undefined;
    const numbers = Array.from({ length: n }, (_, index) => index + 1);
    return numbers.find((number) => !died.has(number) && tried(number) < TRIES_MAX);
  }

  sum(): Sum {
    const points = this.#lines.map((line) => line.points ?? 0);
    // Lives differ by what they happen to see: every point of the longest counts.
    const n = Math.max(0, ...points);
    const died = new Set(this.#lines.filter(({ struck }) => struck !== null).map(numberOf));
    const tried = new Set(this.#lines.map(numberOf));
    const unreached = [...tried].filter((number) => number > 0 && !died.has(number));
    const wrong = this.#lines.filter((line) => line.wrong !== null);
    const seconds = this.#lines.reduce((sum, line) => sum + line.seconds, 0);
    const commits = new Set(this.#lines.map(({ commit }) => commit)).size;
    return { n, died, unreached, wrong, lives: this.#lines.length, seconds, commits };
  }
}

export interface Sum {
  /** Points of the longest life that was seen; 0: none yet. */
  readonly n: number;
  readonly died: ReadonlySet<number>;
  /** Tried, and the life was over before. */
  readonly unreached: readonly number[];
  readonly wrong: readonly Line[];
  readonly lives: number;
  readonly seconds: number;
  readonly commits: number;
}

/** `tool deploy seed 1: 76 of 76 points, 0 wrong; 78 lives, 6.1 s each, 2 commits`. */
export function sumText(name: string, sum: Sum): string {
  const { n, died, unreached, wrong, lives, seconds, commits } = sum;
  const each = (seconds / Math.max(1, lives)).toFixed(1);
  const beyond = unreached.length === 0 ? "" : ` (${unreached.length} not reached)`;
  const cost = `${lives} lives, ${each} s each, ${commits} commits`;
  return `${name}: ${died.size} of ${n} points${beyond}, ${wrong.length} wrong; ${cost}`;
}

/** The names of all logs in a folder. */
export function logNames(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".ndjson"));
  return names.map((name) => name.slice(0, -".ndjson".length)).toSorted();
}

function numberOf({ number }: Line): number {
  return number;
}

/** Undefined for a line that a process tore which was killed while it wrote. */
function parsed(line: string): Line | undefined {
  try {
    const read: Line = JSON.parse(line);
    return { ...read, number: present(read.number, "a number") };
  } catch {
    return undefined;
  }
}
