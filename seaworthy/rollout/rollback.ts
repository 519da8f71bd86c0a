import { ok, refuse, type Result } from "@seaworthy/std/result";
import { servingOf } from "../plan/diff.ts";
import type { JobUnit, ServiceUnit, UnitName } from "../plan/graph.ts";
import { readRecords } from "../record/read.ts";
import type { Release, ReleaseId } from "../record/release.ts";
import type { RecordStore } from "../record/store.ts";
import type { Observed, ObservedUnit } from "../targets/target.ts";
import { unitIn } from "./look.ts";

/** A unit and the release it should run, as `converge` takes them. */
export interface Wanted {
  readonly release: Release;
  readonly unit: ServiceUnit | JobUnit;
}

export interface RollbackRequest {
  readonly observed: Observed;
  /** Which services go back; the others keep what serves. */
  readonly services: readonly UnitName[];
  /** What the declaration asks for now; its units are kept, their releases are replaced. */
  readonly described: ReadonlyMap<UnitName, Wanted>;
  readonly store: RecordStore;
}

/**
 * What `rollback` converges to: for each named service the last committed release other than the
 * one that serves. Refuses where there is none, or where its record is gone. Jobs are left out:
 * going back never runs them (architecture §3).
 */
export async function rollbackGoal(
  request: RollbackRequest,
): Promise<Result<ReadonlyMap<UnitName, Wanted>, string>> {
  const records = await readRecords(request.store, "release");
  const kept = new Map([...request.described].map(([, { release }]) => [release.id, release]));
  for (const release of records) kept.set(release.id, release);
  const wanted = new Map<UnitName, Wanted>();
  for (const [name, { release, unit }] of request.described) {
    if (unit.kind !== "service") continue;
    const seen = unitIn(request.observed, name);
    const isNamed = request.services.includes(name);
    const id = isNamed ? earlierOf(seen) : (servingOf(seen) ?? release.id);
    if (id === undefined) {
      const serving = servingOf(seen);
      return refuse(
        serving === undefined
          ? `no release of ${name} was ever committed here`
          : `${name} has no committed release other than ${serving}`,
      );
    }
    const found = kept.get(id);
    if (found === undefined) return refuse(`${name}: the record of release ${id} is gone`);
    wanted.set(name, { release: found, unit });
  }
  return ok(wanted);
}

/** The last committed release that is not the one serving. */
function earlierOf(unit: ObservedUnit): ReleaseId | undefined {
  const serving = servingOf(unit);
  return [unit.committed, unit.previous].find((id) => id !== undefined && id !== serving);
}
