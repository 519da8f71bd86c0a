import { ok, refuse, type Result } from "@seaworthy/std/result";
import { servingOf } from "../plan/diff.ts";
import type { JobUnit, ServiceUnit, UnitName } from "../plan/graph.ts";
import { readRecords } from "../record/read.ts";
import type { JournalEntry, JournalledChange } from "../record/journal.ts";
import type { Release, ReleaseId } from "../record/release.ts";
import type { RecordStore } from "../record/store.ts";
import { type Proved, provedOf } from "../record/taken-back.ts";
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
  /** A release of the one named service that was committed once; undefined: the one before. */
  readonly to?: ReleaseId | undefined;
  /** What the declaration asks for now; its units are kept, their releases are replaced. */
  readonly described: ReadonlyMap<UnitName, Wanted>;
  readonly store: RecordStore;
  /**
   * Where nobody named the services: what has no way back stays on the committed release that it
   * serves, and this is told of it. Refused is only where all of them would stay.
   */
  readonly leave?: (because: string) => void;
}

/**
 * What `rollback` converges to: for each named service the last committed release other than the
 * one that serves. What an operation that died left half done is reversed: the committed release
 * of before it, and of a `rollback` the one that it went to. What a rollback went away from is
 * gone back to only by its name, or two of them would bring a bad release back. Refuses where
 * there is none, or where its record is gone. Jobs are left out: going back never runs them
 * (architecture §3).
 */
export async function rollbackGoal(
  request: RollbackRequest,
): Promise<Result<ReadonlyMap<UnitName, Wanted>, string>> {
  const records = await readRecords(request.store, "release");
  const journal = await readRecords(request.store, "journal");
  const left = halfDone(journal, request.services);
  const kept = new Map([...request.described].map(([, { release }]) => [release.id, release]));
  for (const release of records) kept.set(release.id, release);
  const wanted = new Map<UnitName, Wanted>();
  const stays: string[] = [];
  let going = 0;
  for (const [name, { release, unit }] of request.described) {
    if (unit.kind !== "service") continue;
    const seen = unitIn(request.observed, name);
    const known = { left, proved: provedOf(journal, seen) };
    const isNamed = request.services.includes(name);
    const goal: Result<Way, string> = isNamed
      ? wayOf(seen, request, known)
      : ok({ id: servingOf(seen) ?? release.id });
    if (!goal.ok) return goal;
    const { id, because } = goal.value;
    if (because !== undefined) stays.push(because);
    else if (isNamed) going += 1;
    const found = kept.get(id);
    if (found === undefined) return refuse(`${name}: the record of release ${id} is gone`);
    wanted.set(name, { release: found, unit });
  }
  const [first] = stays;
  if (first !== undefined && going === 0) return refuse(first);
  for (const because of stays) request.leave?.(because);
  return ok(wanted);
}

interface Way {
  readonly id: ReleaseId;
  /** Why it stays on what it serves. */
  readonly because?: string;
}

function wayOf(unit: ObservedUnit, request: RollbackRequest, known: Known): Result<Way, string> {
  const goal = goalFor(unit, request.to, known);
  if (goal.ok) return ok({ id: goal.value });
  const serving = servingOf(unit);
  const isSettled = serving !== undefined && serving === unit.committed;
  if (request.leave === undefined || !isSettled) return goal;
  return ok({ id: serving, because: goal.error });
}

interface Known {
  readonly left: HalfDone;
  readonly proved: Proved;
}

function goalFor(
  unit: ObservedUnit,
  named: ReleaseId | undefined,
  { left, proved }: Known,
): Result<ReleaseId, string> {
  const { name, committed, previous } = unit;
  if (named !== undefined) {
    const all = [...new Set([...proved.releases.toReversed(), committed, previous])];
    if (all.includes(named)) return ok(named);
    const these = all.filter((id) => id !== undefined).join(", ") || "none";
    return refuse(`${named} was never committed for ${name}; these were: ${these}`);
  }
  const id = earlierOf(unit, left);
  const serving = servingOf(unit);
  if (id === undefined) {
    return refuse(
      serving === undefined
        ? `no release of ${name} was ever committed here`
        : `${name} has no committed release other than ${serving}`,
    );
  }
  const wentTo = proved.takenBack.get(id);
  // What is half done says by itself which way is back.
  if (wentTo === undefined || left.length > 0) return ok(id);
  const { releases, takenBack } = proved;
  const good = releases.findLast((one) => one !== serving && !takenBack.has(one));
  const which = good === undefined ? "name it to run it all the same" : "the last one that was not";
  const next = `${which}: seaworthy rollback ${name} --to ${good ?? id}`;
  return refuse(`${name} was rolled back from ${id} to ${wentTo} already; ${next}`);
}

/** What operations wrote that died since the last one ended, oldest first. */
type HalfDone = readonly JournalEntry[];

/** Empty where it is no business of these services: then theirs is an ordinary way back. */
function halfDone(journal: HalfDone, services: readonly UnitName[]): HalfDone {
  const open = journal.slice(journal.findLastIndex(({ entry }) => entry === "end") + 1);
  return services.some((name) => changesOf(name, open).length > 0) ? open : [];
}

function changesOf(name: UnitName, open: HalfDone): readonly JournalledChange[] {
  const all = open.flatMap((entry) => (entry.entry === "begin" ? entry.changes : []));
  return all.filter(({ unit, from, to }) => unit === name && from !== to);
}

/**
 * The last committed release that is not the one serving. Where something is half done, what
 * serves just now may be either end of it: which way is back is the journal's to say, and what it
 * does not name stays.
 */
function earlierOf(unit: ObservedUnit, open: HalfDone): ReleaseId | undefined {
  const serving = servingOf(unit);
  const last = open.findLast(({ entry }) => entry === "begin");
  if (last?.entry !== "begin") {
    return [unit.committed, unit.previous].find((id) => id !== undefined && id !== serving);
  }
  // A rollback is finished, not turned round.
  const goal = last.changes.find((change) => change.unit === unit.name)?.to;
  if (last.verb === "rollback") return goal ?? unit.committed;
  return hasCommitted(unit, open) ? unit.previous : unit.committed;
}

/** It died after that, so that its own release is the committed one. */
function hasCommitted({ name, committed }: ObservedUnit, open: HalfDone): boolean {
  return open.some((entry) => {
    const step = entry.entry === "intent" ? entry.step : undefined;
    return step?.action === "commit" && step.unit === name && step.release === committed;
  });
}
