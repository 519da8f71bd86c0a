import type { JournalEntry } from "./journal.ts";
import type { ReleaseId } from "./release.ts";
import type { StepResult } from "./step.ts";

/** What became of a unit's releases, as the journal tells it. */
export interface Proved {
  /** Whatever was committed here, the latest last. */
  readonly releases: readonly ReleaseId[];
  /** What a `rollback` went away from and nobody has deployed since → what it went to. */
  readonly takenBack: ReadonlyMap<ReleaseId, ReleaseId>;
}

interface Unit {
  readonly name: string;
  readonly committed: ReleaseId | undefined;
}

/**
 * Reads every commit of a unit with the verb that made it. A rollback takes back what was committed
 * until then, and what served when it began.
 */
export function provedOf(journal: readonly JournalEntry[], unit: Unit): Proved {
  let now: ReleaseId | undefined;
  const releases = new Set<ReleaseId>();
  const takenBack = new Map<ReleaseId, ReleaseId>();
  const changes = changesOf(journal, unit.name);
  const last = changes.at(-1);
  for (const change of changes) {
    if (!tookEffect(change, change === last ? unit : undefined)) continue;
    const { to, from, verb } = change;
    if (to === undefined) takenBack.clear();
    else {
      takenBack.delete(to);
      if (change.isCommit) {
        releases.delete(to);
        releases.add(to);
      }
      const gone = verb === "rollback" ? [now, from] : [];
      for (const one of gone) if (one !== undefined && one !== to) takenBack.set(one, to);
    }
    now = to;
  }
  return { releases: [...releases], takenBack };
}

interface Change {
  readonly verb: string;
  /** False: it was gone to, and was committed already. */
  readonly isCommit: boolean;
  /** What served when the operation began, if that was another one. */
  readonly from: ReleaseId | undefined;
  /** Undefined: the unit was removed, and with it what was committed of it. */
  readonly to: ReleaseId | undefined;
  readonly result: StepResult | undefined;
}

/**
 * Where a run died there is no result. The last one happened if what is committed now says so; an
 * older commit is believed: it was proved, and only its effect may be missing.
 */
function tookEffect({ result, to }: Change, lastOf: Unit | undefined): boolean {
  if (result !== undefined) return result.outcome === "done";
  return lastOf === undefined ? to !== undefined : to === lastOf.committed;
}

function changesOf(journal: readonly JournalEntry[], name: string): readonly Change[] {
  const begun = new Map<string, Extract<JournalEntry, { readonly entry: "begin" }>>();
  const results = new Map<string, StepResult>();
  for (const entry of journal) {
    if (entry.entry === "begin") begun.set(entry.operation, entry);
    if (entry.entry === "result") results.set(`${entry.operation} ${entry.stepId}`, entry.result);
  }
  return journal.flatMap((entry): readonly Change[] => {
    if (entry.entry !== "intent" && entry.entry !== "end") return [];
    const { verb = "", changes = [] } = begun.get(entry.operation) ?? {};
    const meant = changes.find(({ unit }) => unit === name);
    if (entry.entry === "end") {
      // Nothing is committed where it was already: who died before that never took effect.
      const isGoneTo = entry.outcome === "done" && meant !== undefined && verb !== "rollback";
      if (!isGoneTo) return [];
      return [{ verb, isCommit: false, from: undefined, to: meant.to, result: DONE }];
    }
    const { operation, stepId, step } = entry;
    if ((step.action !== "commit" && step.action !== "remove") || step.unit !== name) return [];
    const to = step.action === "commit" ? step.release : undefined;
    const result = results.get(`${operation} ${stepId}`);
    return [{ verb, isCommit: to !== undefined, from: meant?.from, to, result }];
  });
}

const DONE: StepResult = { outcome: "done" };
