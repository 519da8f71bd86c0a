import { present } from "@seaworthy/std/assert";

/** Figures of several runs: every value kept, never a mean alone (`docs/benchmarks.md`). */
export interface Summary {
  readonly values: readonly number[];
  readonly median: number;
  /** The greatest: of every figure here, less is better. */
  readonly worst: number;
  /** Of ten values or more; fewer have none that is worth the name. */
  readonly p90: number | undefined;
}

const P90_VALUES_MIN = 10;

/** Undefined for no values. */
export function summarise(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  const p90 = values.length < P90_VALUES_MIN ? undefined : percentile(values, 90);
  return { values, median: median(values), worst: Math.max(...values), p90 };
}

/** The middle one, or halfway between the middle two. */
export function median(values: readonly number[]): number {
  const ordered = ascending(values);
  const upper = present(ordered[Math.floor(ordered.length / 2)], "a middle value");
  if (ordered.length % 2 === 1) return upper;
  return (present(ordered[ordered.length / 2 - 1], "the value before it") + upper) / 2;
}

/** Nearest rank: the least value that at least `percent` of 100 do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  if (!(percent > 0 && percent <= 100)) throw new RangeError(`no percentile: ${percent}`);
  const ordered = ascending(values);
  const rank = Math.ceil((percent / 100) * ordered.length);
  return present(ordered[rank - 1], "a value at that rank");
}

function ascending(values: readonly number[]): readonly number[] {
  if (values.length === 0) throw new RangeError("no values");
  if (values.some((value) => !Number.isFinite(value))) {
    throw new RangeError(`not numbers: ${values.join(", ")}`);
  }
  return values.toSorted((a, b) => a - b);
}
