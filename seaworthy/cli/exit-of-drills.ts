import type { DrillChoice } from "./choose-drills.ts";
import { EXIT, exitForEvidence } from "./exit.ts";
import type { Drilled } from "./run-drills.ts";

/**
 * What was named and is not allowed is refused, unless something weighs more. What is due and only
 * waits (for the end of a blackout, for the budget) is no failure: a scheduler asks again.
 */
export function exitOfDrills(
  choice: DrillChoice,
  { evidence, skipped }: Drilled,
  stopped: boolean,
): number {
  if (evidence.length === 0 && stopped) return EXIT.interrupted;
  const onlyWaits = skipped.length > 0 && skipped.every(({ waits }) => waits === true);
  if (evidence.length === 0 && onlyWaits) return EXIT.done;
  const isRefused = choice.kind === "named" && skipped.length > 0;
  if (evidence.length === 0 && isRefused) return EXIT.refused;
  const code = exitForEvidence(evidence);
  return code === EXIT.done && isRefused ? EXIT.refused : code;
}
