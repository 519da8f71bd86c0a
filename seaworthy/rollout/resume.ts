import type { JournalledChange } from "../record/journal.ts";
import { type Goal, type RollWorld, SHARE_EPSILON } from "./goal.ts";
import { shareOf } from "./shares.ts";

/** Where a canary stands when a run begins. */
export interface Position {
  /** Steps that an earlier run saw pass. */
  readonly passed: number;
  /**
   * The share that the new release has now came from these very steps. Journalled at the beginning
   * of a run (`JournalledChange.canary`), so that the one after it may believe what it sees.
   */
  readonly isExplained: boolean;
}

/**
 * A share is only raised when the step before it was judged good, so the share that is seen tells
 * what passed: as long as every run that died since the last end tried this release by these
 * shares. Otherwise nothing is believed: all is judged again, and what takes more than the first
 * share is taken back.
 */
export function positionOf(
  goal: Goal,
  world: RollWorld,
  unended: readonly JournalledChange[],
): Position {
  const { shares } = goal.strategy;
  const routed = world.instances.filter((one) => one.routed);
  const now = shareOf(routed, ({ release }) => release === goal.to);
  if (now === 0) return { passed: 0, isExplained: true };
  const isSame = ({ to, canary }: JournalledChange): boolean =>
    to === goal.to && canary !== undefined && canary.join() === shares.join();
  const isExplained = unended.length > 0 && unended.every(isSame);
  const passed = shares.filter((share) => share < now - SHARE_EPSILON).length;
  return { passed: isExplained ? passed : 0, isExplained };
}
