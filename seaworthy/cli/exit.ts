import type { Evidence } from "../record/evidence.ts";
import type { Outcome } from "../record/event.ts";

/** Documented and stable (docs: `seaworthy explain exit-codes`). */
export const EXIT = {
  done: 0,
  error: 1,
  usage: 2,
  planHasChanges: 3,
  rolledBack: 4,
  notRolledBack: 5,
  locked: 6,
  missed: 7,
  couldNotVerify: 8,
  refused: 9,
  checkFoundErrors: 10,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANING: Readonly<Record<ExitCode, string>> = {
  0: "done, or nothing to do; objectives asked about are held",
  1: "error",
  2: "usage, or the declaration cannot be parsed",
  3: "plan has changes (--exit-code)",
  4: "failed and rolled back",
  5: "failed and not rolled back: a person is needed",
  6: "lock held by another run",
  7: "objective missed",
  8: "could not verify",
  9: "refused: the world changed since the plan, or the action is not allowed here",
  10: "check found errors (or warnings, with --fail-on warning)",
  130: "interrupted, state consistent",
};

const BY_OUTCOME: Readonly<Record<Outcome, ExitCode>> = {
  done: EXIT.done,
  "nothing-to-do": EXIT.done,
  failed: EXIT.error,
  "rolled-back": EXIT.rolledBack,
  "not-rolled-back": EXIT.notRolledBack,
  "could-not-verify": EXIT.couldNotVerify,
  locked: EXIT.locked,
  refused: EXIT.refused,
  interrupted: EXIT.interrupted,
};

export function exitForOutcome(outcome: Outcome): ExitCode {
  return BY_OUTCOME[outcome];
}

/** Something that the drill broke was not undone, or what it hurt is not whole again. */
export function isLeftBroken({ leftBroken, runs }: Evidence): boolean {
  if (leftBroken !== undefined && leftBroken.length > 0) return true;
  return runs.some(({ injected, undone }) => injected !== undefined && undone === undefined);
}

/**
 * What is still broken weighs most, then a miss, then a doubt. A drill that was aborted and undone
 * is a doubt.
 */
export function exitForEvidence(evidence: readonly Evidence[]): ExitCode {
  if (evidence.some(isLeftBroken)) return EXIT.notRolledBack;
  const verdicts = evidence.map(({ verdict }) => verdict);
  if (verdicts.includes("missed")) return EXIT.missed;
  if (verdicts.length === 0) return EXIT.couldNotVerify;
  if (verdicts.every((verdict) => verdict === "held")) return EXIT.done;
  return EXIT.couldNotVerify;
}
