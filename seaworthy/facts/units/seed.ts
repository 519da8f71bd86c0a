import type { Document } from "../document.ts";
import { folderOf } from "../source.ts";
import { goTogether, type Stage } from "./environment.ts";

/** Documents that are certainly run as one: the beginning of a unit. */
export interface Seed {
  readonly name: string;
  readonly documents: readonly Document[];
  readonly stage: Stage | undefined;
  /** What it defines; two seeds that define the same are variants of each other. */
  readonly identities: ReadonlySet<string>;
}

export type Beside = (a: Seed, b: Seed) => boolean;

/** More seeds are compared with each other no longer: each stays alone. */
const SEEDS_MAX = 120;

/**
 * Seeds that run side by side, joined. A seed that has variants is joined once with each of them:
 * `monitoring.yml` beside `prod.yml` and beside `dev.yml` is part of two units.
 */
export function joined(seeds: readonly Seed[], areBeside: Beside): readonly Seed[] {
  if (seeds.length > SEEDS_MAX) return seeds;
  const sets = seeds.map((seed) => closure(seed, seeds, areBeside));
  const kept = sets.filter((set, index) => {
    const holds = (other: readonly Seed[], at: number) =>
      at !== index && isCoveredBy(set, other) && (other.length > set.length || at < index);
    return !sets.some(holds);
  });
  return distinct(kept.map(merged));
}

/** What an environment's own files are joined with stays whole without them, too. */
function closure(start: Seed, all: readonly Seed[], areBeside: Beside): readonly Seed[] {
  const set = [start];
  // What was taken in may bring its own neighbours: rounds, until one adds nothing.
  for (let size = 0; size < set.length; ) {
    size = set.length;
    for (const seed of all) {
      if (set.includes(seed) || (seed.stage !== undefined && seed.stage !== start.stage)) continue;
      if (!set.some((member) => areBeside(member, seed))) continue;
      if (set.every((member) => mayJoin(member, seed))) set.push(seed);
    }
  }
  return set;
}

function mayJoin(a: Seed, b: Seed): boolean {
  return goTogether(a.stage, b.stage) && a.identities.isDisjointFrom(b.identities);
}

/**
 * The larger set says all that the smaller one could. Not so where the smaller one is the system,
 * and the larger one adds what only tests or developers run beside it.
 */
function isCoveredBy(set: readonly Seed[], other: readonly Seed[]): boolean {
  if (!set.every((seed) => other.includes(seed))) return false;
  const stage = other[0]?.stage;
  if (stage === undefined || stage === "production" || stage === "staging") return true;
  return stage === set[0]?.stage || sizeOf(set) * 2 < sizeOf(other);
}

function sizeOf(set: readonly Seed[]): number {
  return set.reduce((sum, { identities }) => sum + identities.size, 0);
}

/** What has an environment gives the name, else the largest: not an application's exporters. */
function merged(set: readonly Seed[]): Seed {
  const [start] = set;
  const [largest] = set.toSorted((a, b) => b.identities.size - a.identities.size);
  const main = start?.stage === undefined ? largest : start;
  return {
    name: main?.name ?? ".",
    documents: [...new Set(set.flatMap(({ documents }) => documents))],
    stage: start?.stage,
    identities: new Set(set.flatMap(({ identities }) => [...identities])),
  };
}

/** Two units of one name would be counted as one: the second one says what else is in it. */
function distinct(seeds: readonly Seed[]): readonly Seed[] {
  const seen = new Map<string, number>();
  return seeds.map((seed) => {
    const times = (seen.get(seed.name) ?? 0) + 1;
    seen.set(seed.name, times);
    return times === 1 ? seed : { ...seed, name: `${seed.name} (${String(times)})` };
  });
}

/** The folder that all these stand in. */
export function commonFolder(documents: readonly Document[]): string {
  const [first, ...others] = documents.map(({ file }) => folderOf(file.path).split("/"));
  let common = first ?? [];
  for (const parts of others) {
    const differs = common.findIndex((part, index) => part !== parts[index]);
    if (differs >= 0) common = common.slice(0, differs);
  }
  return common.join("/");
}
