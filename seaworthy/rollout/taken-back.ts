import type { UnitName } from "../plan/graph.ts";
import type { JournalEntry } from "../record/journal.ts";
import type { ReleaseId } from "../record/release.ts";
import type { StepResult } from "../record/step.ts";

/** What became of a unit's releases, as the journal tells it. */
export interface Proved {
  /** Whatever was committed here, the latest last. */
  readonly releases: readonly ReleaseId[];
  /** What a `rollback` went away from and nobody has deployed since → what it went to. */
  readonly takenBack: ReadonlyMap<ReleaseId, ReleaseId>;
}

/**
 * Reads every commit of a unit with the verb that made it. A commit whose result is in no record
 * (a run died) happened if what is committed now says so: any later one would stand behind it.
 */
export function provedOf(
  journal: readonly JournalEntry[],
  { name, committed }: { readonly name: UnitName; readonly committed: ReleaseId | undefined },
): Proved {
  let now: ReleaseId | undefined;
  const releases = new Set<ReleaseId>();
  const takenBack = new Map<ReleaseId, ReleaseId>();
  const changes = changesOf(journal, name);
  for (const [index, { verb, to, result }] of changes.entries()) {
    const isLast = index === changes.length - 1;
    const isDone = result === undefined ? isLast && to === committed : result.outcome === "done";
    if (!isDone) continue;
    if (to === undefined) takenBack.clear();
    else {
      releases.delete(to);
      releases.add(to);
      takenBack.delete(to);
      if (verb === "rollback" && now !== undefined && now !== to) takenBack.set(now, to);
    }
    now = to;
  }
  return { releases: [...releases], takenBack };
}

interface Change {
  readonly verb: string;
  /** Undefined: the unit was removed, and with it what was committed of it. */
  readonly to: ReleaseId | undefined;
  readonly result: StepResult | undefined;
}

function changesOf(journal: readonly JournalEntry[], name: UnitName): readonly Change[] {
  const verbs = new Map<string, string>();
  const results = new Map<string, StepResult>();
  for (const entry of journal) {
    if (entry.entry === "begin") verbs.set(entry.operation, entry.verb);
    if (entry.entry === "result") results.set(`${entry.operation} ${entry.stepId}`, entry.result);
  }
  return journal.flatMap((entry): readonly Change[] => {
    if (entry.entry !== "intent") return [];
    const { operation, stepId, step } = entry;
    if ((step.action !== "commit" && step.action !== "remove") || step.unit !== name) return [];
    const to = step.action === "commit" ? step.release : undefined;
    const result = results.get(`${operation} ${stepId}`);
    return [{ verb: verbs.get(operation) ?? "", to, result }];
  });
}
