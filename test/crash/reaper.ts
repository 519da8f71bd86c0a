/** One moment at which a process may die: right before the n-th change it makes, or right after. */
export interface CrashPoint {
  /** 1 for the first. */
  readonly at: number;
  readonly moment: "before" | "after";
}

/** No run gets so far: who has it only counts. */
export const NEVER: CrashPoint = { at: Number.MAX_SAFE_INTEGER, moment: "before" };

/** The points of a run one after the other: before the first change, after it, before the next. */
export function crashPoint(number: number): CrashPoint {
  return { at: Math.ceil(number / 2), moment: number % 2 === 1 ? "before" : "after" };
}

/** Counts what a process changes, and ends the process at one point of that count. */
export class Reaper {
  readonly #point: CrashPoint | undefined;
  readonly #die: () => void;
  readonly #tell: (change: string) => void;
  readonly #changes: string[] = [];
  #struck: string | undefined;

  /** `die` ends the process; what it was called from never goes on. `tell` hears each change. */
  constructor(
    point: CrashPoint | undefined,
    die: () => void,
    tell = (_change: string): void => {},
  ) {
    this.#point = point;
    this.#die = die;
    this.#tell = tell;
  }

  /** What was changed so far, in order. */
  get changes(): readonly string[] {
    return this.#changes;
  }

  /** Where it died: `after apply start`; undefined while it lives. */
  get struck(): string | undefined {
    return this.#struck;
  }

  async around<Value>(change: string, effect: () => Promise<Value>): Promise<Value> {
    const point = this.#count(change);
    if (point?.moment === "before") return await this.#strike(`before ${change}`);
    try {
      return await effect();
    } finally {
      if (point !== undefined) await this.#strike(`after ${change}`);
    }
  }

  /** The same for what is done at once. */
  now<Value>(change: string, effect: () => Value): Value {
    const point = this.#count(change);
    if (point?.moment === "before") void this.#strike(`before ${change}`);
    const value = effect();
    if (point !== undefined) void this.#strike(`after ${change}`);
    return value;
  }

  /** The point, if this is it. */
  #count(change: string): CrashPoint | undefined {
    this.#tell(change);
    this.#changes.push(change);
    return this.#changes.length === this.#point?.at ? this.#point : undefined;
  }

  #strike(where: string): Promise<never> {
    this.#struck = where;
    this.#die();
    return new Promise(() => {});
  }
}
