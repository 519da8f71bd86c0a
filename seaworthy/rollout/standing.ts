import { numberOf } from "../plan/instance-number.ts";
import type { Goal, RollInstance, Situation } from "./goal.ts";
import type { Memory } from "./memory.ts";

/** Of the release that is aimed for; of a restart only those that were started for it. */
export function isFresh(instance: RollInstance, { goal, memory }: Situation): boolean {
  const isForward = memory.direction === "forward";
  if (instance.release !== (isForward ? goal.to : goal.from)) return false;
  const since = isForward ? goal.renewFrom : undefined;
  return since === undefined || numberOf(instance.id) >= since;
}

/** Runs the release to go back to, and is not what is aimed for. */
export function isOld(instance: RollInstance, situation: Situation): boolean {
  return instance.release === situation.goal.from && !isFresh(instance, situation);
}

/** A process that could take requests some day; `stopping` and dead ones never will. */
export function isAlive(instance: RollInstance): boolean {
  return instance.state !== "gone" && instance.state !== "failed" && instance.state !== "stopping";
}

export function isReady(instance: RollInstance): boolean {
  return instance.state === "ready";
}

/** A person took it out of the edge: no switch routes it. */
export function isIsolated(instance: RollInstance): boolean {
  return instance.isolated !== undefined;
}

/** Ready, and asked by `await-ready` or by requests whether it really is. */
export function mayTakeRequests(instance: RollInstance, memory: Memory): boolean {
  if (isIsolated(instance) || !isReady(instance)) return false;
  return instance.routed || memory.verified.has(instance.id);
}

/** One that is still booting may be between two tries: its own `await-ready` has the last word. */
export function isUsable(instance: RollInstance, { goal, memory }: Situation): boolean {
  if (memory.rejected.has(instance.id)) return false;
  if (isIsolated(instance) && !keepsIsolated(goal)) return false;
  const isBooting = memory.started.has(instance.id) && !memory.verified.has(instance.id);
  return isAlive(instance) || (instance.state === "gone" && isBooting);
}

/** What a person took out of the edge counts as there, except where it is to be replaced anyway. */
function keepsIsolated({ from, to, renewFrom }: Goal): boolean {
  return from === to && renewFrom === undefined;
}

/** Ready first, then what takes requests, then the oldest: it has been tried the longest. */
export function byWorth(a: RollInstance, b: RollInstance): number {
  return rank(a) - rank(b) || numberOf(a.id) - numberOf(b.id);
}

function rank(instance: RollInstance): number {
  if (isIsolated(instance)) return 4;
  return (isReady(instance) ? 0 : 2) + (instance.routed ? 0 : 1);
}

/**
 * What still takes requests comes first, else unrouted instances would be kept warm while routed
 * ones can never leave; then the release to go back to, then worth.
 */
export function byUse(situation: Situation): (a: RollInstance, b: RollInstance) => number {
  return (a, b) => {
    const routed = Number(b.routed) - Number(a.routed);
    const alive = Number(isAlive(b)) - Number(isAlive(a));
    const old = Number(isOld(b, situation)) - Number(isOld(a, situation));
    return routed || alive || old || byWorth(a, b);
  };
}
