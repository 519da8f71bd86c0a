import type { InstanceId, Step } from "../record/step.ts";
import { type Aim, aimOf, type RollInstance, type Situation } from "./goal.ts";
import type { Memory } from "./memory.ts";

/** One unit's instances, sorted into what stays, what goes, and what should take requests. */
export interface Sight {
  readonly aim: Aim;
  readonly memory: Memory;
  readonly seen: readonly RollInstance[];
  /** Of the aimed release, at most as many as aimed for; best first. */
  readonly keepers: readonly RollInstance[];
  /** Everything else; what is worth keeping longest first. */
  readonly outgoing: readonly RollInstance[];
  readonly routed: readonly InstanceId[];
  /** The exact set that should take new requests now. */
  readonly routes: readonly InstanceId[];
}

export function look(situation: Situation): Sight {
  const { goal, world, memory } = situation;
  const aim = aimOf(goal, memory);
  const seen = world.instances.filter((instance) => !memory.stopped.has(instance.id));
  const keepers = seen
    .filter((instance) => instance.release === aim.to && isUsable(instance, memory))
    .toSorted(byWorth)
    .slice(0, aim.replicas);
  const kept = new Set(keepers.map((instance) => instance.id));
  const outgoing = seen
    .filter((instance) => !kept.has(instance.id))
    .toSorted((a, b) => preferring(goal.from, a, b));
  const routed = seen.filter((instance) => instance.routed).map((instance) => instance.id);
  const sight = { aim, memory, seen, keepers, outgoing, routed };
  return { ...sight, routes: routesOf(sight, goal.from === undefined) };
}

/** A process that could take requests some day; `stopping` and dead ones never will. */
export function isAlive(instance: RollInstance): boolean {
  return instance.state !== "gone" && instance.state !== "failed" && instance.state !== "stopping";
}

export function isReady(instance: RollInstance): boolean {
  return instance.state === "ready";
}

export function isUnderWay(memory: Memory, instance: InstanceId): boolean {
  return memory.underWay.some((step) => "instance" in step && step.instance === instance);
}

export function underWay(memory: Memory, action: Step["action"]): readonly Step[] {
  return memory.underWay.filter((step) => step.action === action);
}

/** One that is still booting may be between two tries: its own `await-ready` has the last word. */
function isUsable(instance: RollInstance, memory: Memory): boolean {
  if (memory.rejected.has(instance.id)) return false;
  const isBooting = memory.started.has(instance.id) && !memory.verified.has(instance.id);
  return isAlive(instance) || (instance.state === "gone" && isBooting);
}

/**
 * New instances that are ready first, then old ready ones that already take requests, up to the
 * number aimed for. Where even these are too few, what is routed and alive stays routed: the
 * edge's own checks judge it from moment to moment, and leaving it in can only help.
 */
function routesOf(sight: Omit<Sight, "routes">, isFirst: boolean): readonly InstanceId[] {
  const { aim, keepers, outgoing, memory } = sight;
  const mayTakeRequests = (one: RollInstance): boolean =>
    isReady(one) && (one.routed || memory.verified.has(one.id));
  const fresh = keepers.filter(mayTakeRequests);
  const opensIncomplete = sight.routed.length === 0 && fresh.length < aim.replicas;
  // The first switch of a new unit waits for all of it: one half would take twice the load.
  if (isFirst && memory.direction === "forward" && opensIncomplete) return [];
  const others = [
    ...outgoing.filter((one) => one.routed && isReady(one)),
    ...keepers.filter((one) => one.routed && !isReady(one)),
    ...outgoing.filter((one) => one.routed && !isReady(one) && isAlive(one)),
  ];
  const spare = Math.max(0, aim.replicas - fresh.length);
  return [...fresh, ...others.slice(0, spare)].map((one) => one.id);
}

/** Ready first, then what takes requests, then the oldest: it has been tried the longest. */
function byWorth(a: RollInstance, b: RollInstance): number {
  return rank(a) - rank(b) || numberOf(a.id) - numberOf(b.id);
}

function rank(instance: RollInstance): number {
  return (isReady(instance) ? 0 : 2) + (instance.routed ? 0 : 1);
}

/**
 * What still takes requests comes first, else unrouted instances would be kept warm while routed
 * ones can never leave; then the release to go back to, then worth.
 */
function preferring(from: string | undefined, a: RollInstance, b: RollInstance): number {
  const routed = Number(b.routed) - Number(a.routed);
  const release = Number(b.release === from) - Number(a.release === from);
  const alive = Number(isAlive(b)) - Number(isAlive(a));
  return routed || alive || release || byWorth(a, b);
}

/** The number in `<unit>-<number>`; -1 where the id has none. */
export function numberOf(id: InstanceId): number {
  const text = /-(\d+)$/.exec(id)?.[1];
  return text === undefined ? -1 : Number(text);
}
