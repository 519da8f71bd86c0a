import { type Aim, aimOf, type RollInstance, type Situation } from "./goal.ts";
import { type Routes, routesOf } from "./routes.ts";
import { byUse, byWorth, isFresh, isIsolated, isUsable } from "./standing.ts";

/** One unit's instances, sorted into what stays, what goes, and what should take requests. */
export interface Sight extends Routes {
  readonly aim: Aim;
  /** As observed, but routed also where a switch of ours may have made it so meanwhile. */
  readonly seen: readonly RollInstance[];
  /** Of the aimed release, at most as many as aimed for; best first. */
  readonly keepers: readonly RollInstance[];
  /** Others that serve beside a canary; best first. */
  readonly beside: readonly RollInstance[];
  /** Everything else; what is worth keeping longest first. */
  readonly outgoing: readonly RollInstance[];
  /** As observed, and nothing else. */
  readonly routed: readonly RollInstance[];
}

export function look(situation: Situation): Sight {
  const { goal, world, memory } = situation;
  const aim = aimOf(goal, memory);
  const present = world.instances.filter(({ id }) => !memory.stopped.has(id));
  const seen = present.map((one) =>
    memory.mayBeRouted.has(one.id) ? { ...one, routed: true } : one,
  );
  const keepers = seen
    .filter((one) => isFresh(one, situation) && isUsable(one, situation))
    .toSorted(byWorth)
    .slice(0, aim.fresh);
  const others = seen.filter((one) => !keepers.includes(one)).toSorted(byUse(situation));
  const beside = others
    .filter((one) => isControl(one, situation))
    .toSorted(byWorth)
    .slice(0, aim.beside);
  const outgoing = others.filter((one) => !beside.includes(one));
  const routed = present.filter((one) => one.routed);
  const sorted = { aim, seen, keepers, beside, outgoing, routed };
  return { ...sorted, ...routesOf(sorted, situation) };
}

/**
 * What a canary is held against: whatever serves and is not the new release. One that dies is
 * started again where it is: a moment's absence changes no share.
 */
function isControl(instance: RollInstance, { goal }: Situation): boolean {
  const isLeaving = instance.state === "stopping" || instance.state === "failed";
  return instance.release !== goal.to && !isIsolated(instance) && !isLeaving;
}
