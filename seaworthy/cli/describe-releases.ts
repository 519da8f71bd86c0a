import { present } from "@seaworthy/std/assert";
import { deadline } from "@seaworthy/std/clock";
import type { Graph, JobUnit, ServiceUnit, UnitName } from "../plan/graph.ts";
import type { Release } from "../record/release.ts";
import type { Target } from "../targets/target.ts";

/** Reading and hashing a unit's files; a folder too large to hash in this time is a mistake. */
const DESCRIBE_MS = 60_000;

export interface Described {
  readonly release: Release;
  readonly unit: ServiceUnit | JobUnit;
}

/** What each unit's release would be made of now. Reads only. */
export async function describeReleases(
  graph: Graph,
  target: Target,
  signal: AbortSignal,
): Promise<ReadonlyMap<UnitName, Described>> {
  const units = graph.units.filter((unit) => unit.kind !== "edge");
  const described = await Promise.all(
    units.map(async (unit): Promise<readonly [UnitName, Described]> => {
      const limit = deadline(DESCRIBE_MS, `reading the files of ${unit.name}`, signal);
      return [unit.name, { release: await target.describe(unit, limit), unit }];
    }),
  );
  return new Map(described);
}

/** The same, as `diff` wants it. */
export function releasesOf(
  described: ReadonlyMap<UnitName, Described>,
): ReadonlyMap<UnitName, Release> {
  const names = [...described.keys()];
  return new Map(names.map((name) => [name, present(described.get(name), name).release]));
}
