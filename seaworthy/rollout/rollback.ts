import { ok, refuse, type Result } from "@seaworthy/std/result";
import { servingOf } from "../plan/diff.ts";
import type { JobUnit, ServiceUnit, UnitName } from "../plan/graph.ts";
import { readRecords } from "../record/read.ts";
import type { JournalEntry } from "../record/journal.ts";
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
 * one that serves. What an operation that died left half done is reversed: the committed release
 * of before it, and of a `rollback` the one that it went to. Refuses where there is none, or where
 * its record is gone. Jobs are left out: going back never runs them (architecture §3).
 */
export async function rollbackGoal(
  request: RollbackRequest,
): Promise<Result<ReadonlyMap<UnitName, Wanted>, string>> {
  const records = await readRecords(request.store, "release");
  const left = leftOpen(await readRecords(request.store, "journal"));
  const kept = new Map([...request.described].map(([, { release }]) => [release.id, release]));
  for (const release of records) kept.set(release.id, release);
  const wanted = new Map<UnitName, Wanted>();
  for (const [name, { release, unit }] of request.described) {
    if (unit.kind !== "service") continue;
    const seen = unitIn(request.observed, name);
    const isNamed = request.services.includes(name);
    const id = isNamed ? earlierOf(seen, left) : (servingOf(seen) ?? release.id);
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

/** What operations that died since the last one ended meant to do, oldest first. */
type Left = readonly Extract<JournalEntry, { readonly entry: "begin" }>[];

function leftOpen(journal: readonly JournalEntry[]): Left {
  const lastEnd = journal.findLastIndex(({ entry }) => entry === "end");
  return journal.slice(lastEnd + 1).filter((entry) => entry.entry === "begin");
}

/**
 * The last committed release that is not the one serving. Where something is half done, what
 * serves just now may be either end of it: which way is back is the journal's to say.
 */
function earlierOf(unit: ObservedUnit, left: Left): ReleaseId | undefined {
  const last = left.at(-1);
  const changes = (one: typeof last) =>
    one?.changes.filter((each) => each.unit === unit.name) ?? [];
  // Finished, not turned round; what it had no need to change was where it is to be.
  if (last?.verb === "rollback") return changes(last)[0]?.to ?? unit.committed;
  const isHalfDone = left.flatMap(changes).some(({ to }) => to !== unit.committed);
  if (isHalfDone) return unit.committed;
  const serving = servingOf(unit);
  return [unit.committed, unit.previous].find((id) => id !== undefined && id !== serving);
}
