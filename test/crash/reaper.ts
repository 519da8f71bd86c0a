/** One moment at which a process may die: right before the n-th change it makes, or right after. */
export interface CrashPoint {
  /** 1 for the first. */
  readonly at: number;
  readonly moment: "before" | "after";
}

/** The points of a run one after the other: before the first change, after it, before the next. */
export function crashPoint(number: number): CrashPoint {
  return { at: Math.ceil(number / 2), moment: number % 2 === 1 ? "before" : "after" };
}

/** Counts what a process changes, and ends the process at one point of that count. */
export class Reaper {
  readonly #point: CrashPoint | undefined;
  readonly #die: () => void;
  readonly #changes: string[] = [];
  #struck: string | undefined;

  /** `die` ends the process; what it was called from never goes on. */
  constructor(point: CrashPoint | undefined, die: () => void) {
    this.#point = point;
    this.#die = die;
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
    this.#changes.push(change);
    const point = this.#changes.length === this.#point?.at ? this.#point : undefined;
    if (point?.moment === "before") return await this.#strike(`before ${change}`);
    try {
      return await effect();
    } finally {
      if (point !== undefined) await this.#strike(`after ${change}`);
    }
  }

  #strike(where: string): Promise<never> {
    this.#struck = where;
    this.#die();
    return new Promise(() => {});
  }
}
