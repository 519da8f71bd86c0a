import { type Aim, type RollInstance, SHARE_EPSILON, type Situation } from "./goal.ts";
import type { Memory } from "./memory.ts";
import { hasShares, shareOf } from "./shares.ts";
import { isAlive, isIsolated, isReady, mayTakeRequests } from "./standing.ts";

export interface Routes {
  /** The exact set that should take new requests now. */
  readonly routes: readonly RollInstance[];
  /** Of the requests, to those of `goal.to` among `routes`; undefined: every instance alike. */
  readonly share: number | undefined;
}

/** A unit's instances as `look` sorts them. */
interface Sorted {
  readonly aim: Aim;
  readonly keepers: readonly RollInstance[];
  readonly beside: readonly RollInstance[];
  readonly outgoing: readonly RollInstance[];
  readonly routed: readonly RollInstance[];
}

/** What should take new requests now, and how much of them goes to the new release. */
export function routesOf(sorted: Sorted, situation: Situation): Routes {
  const { aim, keepers } = sorted;
  if (aim.share !== undefined) return tried(sorted, situation, aim.share);
  const fresh = keepers.filter((one) => mayTakeRequests(one, situation.memory));
  const isOpen = keepers.some((one) => one.routed);
  if (aim.atOnce && !isOpen && fresh.length < aim.replicas) return alike(asBefore(sorted));
  const room = aim.replicas - keepers.filter(isIsolated).length - fresh.length;
  const routes = [...fresh, ...fillers(sorted, situation.memory, room)];
  return situation.memory.direction === "forward" ? alike(routes) : back(routes, sorted, situation);
}

/** On the way back capacity goes first, but what is left never gets more than it was given. */
function back(routes: readonly RollInstance[], sorted: Sorted, situation: Situation): Routes {
  const { to, from } = situation.goal;
  const isLeft = (one: RollInstance): boolean => one.release === to && one.release !== from;
  const left = routes.filter(isLeft).length;
  const share = given(sorted, situation);
  const isLess = left < routes.length && share < left / routes.length - SHARE_EPSILON;
  return isLess && left > 0 ? { routes, share } : alike(routes);
}

/** What the new release was given of the requests: by us, or as seen, by a run that died. */
function given({ routed }: Sorted, { goal, memory }: Situation): number {
  if (goal.to === undefined) return 0;
  if (memory.lastSwitch !== undefined) return memory.lastSwitch.step.shares?.[goal.to] ?? 1;
  const isAlike = hasShares(routed, undefined);
  return isAlike ? 1 : shareOf(routed, ({ release }) => release === goal.to);
}

function alike(routes: readonly RollInstance[]): Routes {
  return { routes, share: undefined };
}

/** Until all of the new set is ready, nothing of it serves. */
function asBefore({ outgoing }: Sorted): readonly RollInstance[] {
  return outgoing.filter((one) => one.routed && isAlive(one));
}

/**
 * Beside the new ones that are ready: old ready ones that already take requests, up to the number
 * aimed for. Where even these are too few, what is routed and alive stays routed: the edge's own
 * checks judge it from moment to moment, and leaving it in can only help.
 */
function fillers(sorted: Sorted, memory: Memory, room: number): readonly RollInstance[] {
  const { keepers, outgoing, routed } = sorted;
  const last = memory.lastSwitch?.isAcknowledged === true ? memory.lastSwitch.step.instances : [];
  const isIn = ({ id }: RollInstance): boolean =>
    last.includes(id) || routed.some((one) => one.id === id);
  const leaving = outgoing.filter((one) => one.routed && !isIsolated(one));
  const unready = [...keepers, ...leaving.filter(isAlive)].filter(
    (one) => isIn(one) && !isReady(one) && !isIsolated(one),
  );
  return [...leaving.filter(isReady), ...unready].slice(0, Math.max(0, room));
}

/**
 * A canary's routes: never more than its share, and never more to one new instance than its part
 * of the declared capacity. Old ones leave only as new ones take over what they carried.
 */
function tried(sorted: Sorted, situation: Situation, share: number): Routes {
  const { aim, keepers, beside, outgoing } = sorted;
  const { memory } = situation;
  const ready = keepers.filter((one) => mayTakeRequests(one, memory));
  const fresh = keepers.filter((one) => ready.includes(one) || (one.routed && isAlive(one)));
  const others = outgoing.filter((one) => one.release !== aim.to && !isIsolated(one));
  const old = [...beside, ...others]
    .filter((one) => one.routed || mayTakeRequests(one, memory))
    .toSorted((a, b) => Number(isReady(b)) - Number(isReady(a)))
    .slice(0, Math.max(aim.beside, aim.replicas - ready.length));
  const routes = [...fresh, ...old];
  if (fresh.length === 0 || old.length === 0) return alike(routes);
  const part = fresh.length / Math.min(aim.replicas, routes.length);
  return { routes, share: Math.min(share, part) };
}
