import type { InstanceId, Step } from "../record/step.ts";
import { type Goal, SHARE_EPSILON } from "./goal.ts";
import { NEW } from "./history.fixture.ts";
import type { Memory } from "./memory.ts";
import type { ModelWorld, Process } from "./model-world.fixture.ts";

/** What the promises are about at one moment. */
export interface Moment {
  readonly world: ModelWorld;
  readonly goal: Goal;
  readonly memory: Memory;
  /** What was there when this run, or this direction, began. */
  readonly floor: Floor;
  /**
   * Of the requests, what the new release may have: by the steps that were judged good, or because
   * it had as much a moment ago. Undefined: on the way back it stands in for old ones that died,
   * since capacity goes first.
   */
  readonly shareMax: number | undefined;
  /** All of the fleet is proved and committed. */
  readonly isCommitted: boolean;
}

export interface Floor {
  /** Ready routed instances. */
  readonly ready: number;
  /** How many instances alike would carry no more each than the one that carries most. */
  readonly carried: number;
}

/** Throws at the first step that breaks a promise. */
export function checkStep(step: Step, moment: Moment): void {
  const { world, goal } = moment;
  if (step.action === "start") {
    const limit = aimed(moment) + goal.strategy.surge;
    const count = world.processes.size + 1;
    if (count > limit) throw new Error(`${step.instance} makes ${count} instances, limit ${limit}`);
  }
  if (step.action === "switch") checkSwitch(step.instances, moment);
  if (step.action !== "stop" && step.action !== "drain") return;
  const one = world.processes.get(step.instance);
  if (one?.routed === true) throw new Error(`${step.action} of ${one.id}, which is routed`);
  if (step.action === "stop" && one !== undefined) checkStop(one, moment);
}

function checkStop(one: Process, { goal, memory, isCommitted }: Moment): void {
  if (one.everRouted && !one.drainedSinceRouted && one.state === "ready") {
    throw new Error(`${one.id} is stopped with requests in flight`);
  }
  const isFinishing = memory.direction === "forward" && memory.phase === "finishing";
  if (isFinishing && goal.proof === "bake" && !isCommitted) {
    throw new Error(`${one.id} is stopped for good before the commit`);
  }
}

/** Throws where the world itself breaks a promise, whatever step led there. */
export function checkWorld(moment: Moment): void {
  const { world, floor, shareMax } = moment;
  const wanted = Math.min(aimed(moment), floor.ready) - world.casualties;
  const now = floorOf(world);
  if (now.ready < wanted) throw new Error(`capacity ${now.ready} is below ${wanted}`);
  const whole = Math.floor(floor.carried + SHARE_EPSILON);
  const carried = Math.min(aimed(moment), whole) - world.casualties;
  if (now.carried < carried - SHARE_EPSILON) {
    throw new Error(`one carries a ${now.carried}th of the requests, limit ${carried}`);
  }
  const share = shareOfNew(world);
  const isAlone = share === 1;
  if (!isAlone && shareMax !== undefined && share > shareMax + SHARE_EPSILON) {
    throw new Error(`share ${share} is above ${shareMax}`);
  }
  const apart = [...world.processes.values()].find((one) => one.routed && one.isolated);
  if (apart !== undefined) throw new Error(`${apart.id} is isolated, and routed`);
}

function checkSwitch(ids: readonly InstanceId[], moment: Moment): void {
  const { world } = moment;
  const seen = world.seen().instances;
  const readyOf = (chosen: (id: string) => boolean): number =>
    seen.filter((one) => one.state === "ready" && chosen(one.id)).length;
  const routed = new Set(seen.filter((one) => one.routed).map((one) => one.id));
  const before = readyOf((id) => routed.has(id));
  const after = readyOf((id) => ids.includes(id));
  if (after < Math.min(aimed(moment), before, moment.floor.ready)) {
    throw new Error(`switch lowers ${before} to ${after}`);
  }
  const isKept = (id: string) => routed.has(id) || world.processes.get(id)?.routed === true;
  for (const id of ids.filter((one) => !isKept(one))) {
    const process = world.processes.get(id);
    if (seen.find((one) => one.id === id)?.state !== "ready") {
      throw new Error(`${id} is routed and not ready`);
    }
    if (process?.awaited !== true && process?.everRouted !== true) {
      throw new Error(`${id} is routed and was never waited for`);
    }
  }
}

function aimed({ goal, memory }: Moment): number {
  if (memory.direction === "forward") return goal.replicas.to;
  return goal.from === undefined ? 0 : goal.replicas.from;
}

/**
 * Of the requests, what the edge is told to send to the new release; all, where nothing else is
 * ready: then it is sent everything whatever the weights say.
 */
export function shareOfNew(world: ModelWorld): number {
  const isNew = ({ release }: Process): boolean => release === NEW;
  const sum = (some: readonly Process[]): number =>
    some.reduce((total, { weight }) => total + weight, 0);
  const routed = [...world.processes.values()].filter((one) => one.routed);
  if (!routed.some(isNew)) return 0;
  return world.ready().every(isNew) ? 1 : sum(routed.filter(isNew)) / sum(routed);
}

export function floorOf(world: ModelWorld): Floor {
  const weights = world.ready().map(({ weight }) => weight);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return { ready: weights.length, carried: all === 0 ? 0 : all / Math.max(...weights) };
}
