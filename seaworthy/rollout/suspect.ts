import type { ObservedInstance } from "../plan/observed.ts";
import type { InstanceId } from "../record/step.ts";
import type { Counters } from "./tally.ts";
import type { UnitRoll } from "./unit-roll.ts";

/**
 * The instance of the new release that has most to say about why it is taken back: the one that
 * failed a step; else one that ended by itself; else the one that failed most requests; else one
 * that is not ready. One that is only booting has said nothing yet.
 */
export function suspectOf(
  roll: Pick<UnitRoll, "goal" | "seen" | "culprit" | "counters">,
): InstanceId | undefined {
  if (roll.culprit !== undefined) return roll.culprit;
  const mine = roll.seen.instances.filter((one) => one.release === roll.goal.to);
  const suspect =
    mine.find(hasEnded) ??
    worst(mine, roll.counters) ??
    mine.find(({ state }) => state !== "ready" && state !== "starting") ??
    mine.findLast(({ state }) => state === "ready") ??
    mine.at(-1);
  return suspect?.id;
}

function hasEnded({ state, restarts }: ObservedInstance): boolean {
  return restarts > 0 || state === "backing-off" || state === "gone" || state === "failed";
}

function worst(
  mine: readonly ObservedInstance[],
  counters: Counters,
): ObservedInstance | undefined {
  const failed = new Map<InstanceId, number>();
  for (const { instance, failed: counts } of counters.values()) {
    const { safe, idempotent, unsafe, stream } = counts;
    const sum = safe + idempotent + unsafe + stream;
    failed.set(instance, (failed.get(instance) ?? 0) + sum);
  }
  const failedBy = ({ id }: ObservedInstance): number => failed.get(id) ?? 0;
  return mine
    .filter((one) => failedBy(one) > 0)
    .toSorted((one, other) => failedBy(other) - failedBy(one))[0];
}
