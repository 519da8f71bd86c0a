import type { FaultHandle } from "./fault.ts";
import type { JournalEntry, JournalledChange } from "./journal.ts";

/** What the journal says was begun and not ended. Whether its process lives, it cannot say. */
export interface UnderWay {
  readonly operation: string;
  readonly verb: string;
  /** RFC 3339; undefined for a drill, of which only its faults are journalled. */
  readonly since: string | undefined;
  readonly faults: readonly FaultHandle[];
}

/** Undefined when the last operation ended and every fault was undone. */
export function underWay(entries: readonly JournalEntry[]): UnderWay | undefined {
  const faults = openFaults(entries);
  const last = entries.findLast(({ entry }) => entry === "begin" || entry === "end");
  if (last?.entry === "begin") {
    const { operation, verb, at } = last;
    return { operation, verb, since: at, faults };
  }
  const broken = entries.findLast(({ entry }) => entry === "fault");
  if (broken === undefined || faults.length === 0) return undefined;
  return { operation: broken.operation, verb: "drill", since: undefined, faults };
}

/** Faults that were journalled and of which nothing says that they were undone, oldest first. */
export function openFaults(entries: readonly JournalEntry[]): readonly FaultHandle[] {
  const open = new Map<string, FaultHandle>();
  for (const entry of entries) {
    if (entry.entry === "fault") open.set(entry.fault.id, entry.fault);
    if (entry.entry === "fault-undone") open.delete(entry.faultId);
  }
  return [...open.values()];
}

/**
 * What runs that died meant to do with one unit: of each that began since an operation last ended,
 * oldest first. Empty: the last one ended.
 */
export function unendedChanges(
  journal: readonly JournalEntry[],
  unit: string,
): readonly JournalledChange[] {
  return unendedBegins(journal)
    .flatMap(({ changes }) => changes)
    .filter((change) => change.unit === unit);
}

/** What runs that died have begun since an operation last ended, oldest first. */
export function unendedBegins(
  journal: readonly JournalEntry[],
): readonly Extract<JournalEntry, { readonly entry: "begin" }>[] {
  return unendedEntries(journal).filter((entry) => entry.entry === "begin");
}

/** All that was written since an operation last ended, oldest first. */
export function unendedEntries(journal: readonly JournalEntry[]): readonly JournalEntry[] {
  return journal.slice(journal.findLastIndex(({ entry }) => entry === "end") + 1);
}
