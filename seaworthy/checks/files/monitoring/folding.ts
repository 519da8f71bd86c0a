import type { Location } from "../../../facts/source.ts";
import type { Found } from "../file-rule.ts";
import { isSample, listed } from "./listing.ts";

/** One thing that is wrong with one alert, record or panel. */
export interface Fault {
  /** What has it, as a person calls it. */
  readonly name: string;
  /** What is wrong; equal in everything that is mended alike. */
  readonly message: string;
  readonly places: readonly [Location, ...Location[]];
  readonly severity: Found["severity"];
  readonly why: string;
  readonly fix: string;
  readonly cause?: string;
}

/** One finding for each message of a file; what has the fault is listed, with every place. */
export function folded(path: string, faults: readonly Fault[]): readonly Found[] {
  const groups = new Map<string, Fault[]>();
  for (const fault of faults) {
    const group = groups.get(fault.message) ?? [];
    group.push(fault);
    groups.set(fault.message, group);
  }
  return [...groups.values()].flatMap((group) => {
    const [first, ...others] = group;
    if (first === undefined) return [];
    const { name: _, ...found } = first;
    const rest = distinct(first.places, others);
    return [
      {
        ...found,
        severity: isSample(path) ? "note" : found.severity,
        message: `${listed(group.map(({ name }) => name))}: ${found.message}`,
        places: [...found.places, ...rest],
      },
    ];
  });
}

/** Places that are not yet named: one line may have the fault twice. */
function distinct(first: readonly Location[], others: readonly Fault[]): readonly Location[] {
  const seen = new Set(first.map(keyOf));
  return others
    .flatMap(({ places }) => places)
    .filter((place) => {
      const key = keyOf(place);
      return !seen.has(key) && seen.add(key);
    });
}

function keyOf({ file, line }: Location): string {
  return `${line} ${file}`;
}
