import type { JournalEntry } from "../record/journal.ts";
import { unendedBegins, unendedChanges, unendedEntries } from "../record/under-way.ts";
import type { PlannedRoll } from "./fleet.ts";

/**
 * The operation before whose definitions an operation goes back to: the first of those that died,
 * where this one goes back to what that one would have gone back to; else itself. Where one that
 * died may have committed something, that is what is gone back to, under the definitions it was
 * proved with.
 */
export function definedBefore(operation: string, { journal, planned }: Past): string {
  const [first] = unendedBegins(journal);
  if (first === undefined) return operation;
  const mayHaveCommitted = unendedEntries(journal).some(
    (entry) => entry.entry === "intent" && entry.step.action === "commit",
  );
  const isSameWay = planned.every(({ goal }) => {
    const [change] = unendedChanges(journal, goal.unit);
    return change === undefined || change.from === goal.from;
  });
  return mayHaveCommitted || !isSameWay ? operation : first.operation;
}

interface Past {
  readonly journal: readonly JournalEntry[];
  readonly planned: readonly PlannedRoll[];
}
