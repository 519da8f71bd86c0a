import type { ReleaseId } from "../record/release.ts";
import { weightsOf } from "../targets/weights.ts";
import { type RollInstance, SHARE_EPSILON } from "./goal.ts";

/** Of the requests, what goes to the chosen ones among the routed, 0 to 1. */
export function shareOf(
  routed: readonly RollInstance[],
  chosen: (instance: RollInstance) => boolean,
): number {
  return partOf(routed.filter(chosen), routed);
}

/** Whether each routed instance has the part of the requests that these shares give it. */
export function hasShares(
  routed: readonly RollInstance[],
  shares: Readonly<Record<ReleaseId, number>> | undefined,
): boolean {
  const wanted = weightsOf(routed, shares);
  const all = [...wanted.values()].reduce((sum, weight) => sum + weight, 0);
  return routed.every((one) => {
    const part = (wanted.get(one.id) ?? 0) / all;
    return Math.abs(part - partOf([one], routed)) <= SHARE_EPSILON;
  });
}

function partOf(some: readonly RollInstance[], all: readonly RollInstance[]): number {
  const sum = (ones: readonly RollInstance[]): number =>
    ones.reduce((total, { weight }) => total + weight, 0);
  return sum(all) === 0 ? 0 : sum(some) / sum(all);
}
