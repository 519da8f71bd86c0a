import { humanPercent } from "@seaworthy/std/ratio";
import { numberOf } from "../plan/instance-number.ts";
import type { ReleaseId } from "../record/release.ts";
import type { InstanceId, Step } from "../record/step.ts";
import { casualty } from "./casualty.ts";
import {
  isReversible,
  type RollInstance,
  type RollWorld,
  SHARE_EPSILON,
  type Situation,
} from "./goal.ts";
import type { Memory, SwitchStep } from "./memory.ts";
import { hasShares, shareOf } from "./shares.ts";
import { look, type Sight } from "./sight.ts";
import { isAlive, isFresh, isIsolated, isOld, isReady } from "./standing.ts";

/** Starts and readiness waits at one time: more would make all of them slow to boot. */
const STARTS_AT_ONCE_MAX = 4;
/** Failed steps on the way back (or of a repair) before a person is called. */
const ATTEMPTS_MAX = 3;

/** What to do next with one unit. */
export type Decision =
  /** May run at the same time as each other and as what is under way. */
  | { readonly kind: "steps"; readonly steps: readonly Step[] }
  /** For what is under way, or for the world to change. */
  | { readonly kind: "wait"; readonly on: string }
  | { readonly kind: "reverse"; readonly because: string }
  /**
   * What is to be judged serves: all new instances, the old ones warm; or a canary's next step,
   * the old ones beside it. Judge, then `stepPassed`, `baked` or `reversed`.
   */
  | { readonly kind: "bake" }
  /** Proved; the old ones stay warm until the whole fleet is (`finishing`). */
  | { readonly kind: "held" }
  | { readonly kind: "done" }
  | { readonly kind: "gave-up"; readonly because: string };

/**
 * One unit's roll, level-triggered: it looks at what is there, never at what was meant, so a run
 * that died is resumed by asking again (ADR 0005). Promises, tested over random histories: ready
 * routed capacity is never lowered below what is declared (or was there, if less); the total
 * never exceeds replicas + surge; only a ready instance is added to the routes; nothing routed or
 * undrained is stopped; a canary never gets more than the share of a step whose steps before it
 * passed (ADR 0008).
 */
export function decide(situation: Situation): Decision {
  const trouble = troubleIn(situation);
  if (trouble !== undefined) return trouble;
  const sight = look(situation);
  const strayed = overreach(sight, situation);
  if (strayed !== undefined) return { kind: "reverse", because: strayed };
  const steps = [
    ...switches(sight, situation),
    ...drains(sight, situation),
    ...stops(sight, situation),
    ...starts(sight, situation),
    ...readinessWaits(sight, situation),
    ...commits(sight, situation),
  ];
  if (steps.length > 0) return { kind: "steps", steps };
  if (situation.memory.underWay.length > 0) return { kind: "wait", on: "steps under way" };
  const unsettled = whatIsUnsettled(sight, situation);
  if (unsettled !== undefined) return { kind: "wait", on: unsettled };
  return settled(situation);
}

function troubleIn(situation: Situation): Decision | undefined {
  const { goal, memory, nowMs } = situation;
  const isUndecided = memory.phase === "rolling" || memory.phase === "baked";
  const hasWayBack = memory.direction === "forward" && isUndecided;
  const because =
    nowMs > memory.deadlineMs ? "it was not done within its deadline" : memory.failures.at(-1);
  if (hasWayBack && isReversible(goal)) {
    const reason = because ?? casualty(situation);
    return reason === undefined ? undefined : { kind: "reverse", because: reason };
  }
  const isSpent = memory.failures.length >= ATTEMPTS_MAX || nowMs > memory.deadlineMs;
  return isSpent ? { kind: "gave-up", because: because ?? "deadline" } : undefined;
}

/**
 * What a run that died, or a person, left at the edge may be more than the steps that passed
 * allow: nothing is promoted because of it.
 */
function overreach(sight: Sight, situation: Situation): string | undefined {
  const { share } = sight.aim;
  if (share === undefined) return undefined;
  const seen = shareOf(sight.routed, (one) => isFresh(one, situation));
  if (seen <= share + SHARE_EPSILON) return undefined;
  const takes = `takes ${humanPercent(Number(seen.toPrecision(2)))} of the requests`;
  return `${situation.goal.to} ${takes}, and a share of ${humanPercent(share)} is not judged yet`;
}

function switches(sight: Sight, { goal, memory }: Situation): readonly Step[] {
  const { routes, share } = sight;
  const shares = share === undefined || goal.to === undefined ? undefined : { [goal.to]: share };
  const instances = routes.map(({ id }) => id);
  const step = { action: "switch", unit: goal.unit, instances } as const;
  const wanted = shares === undefined ? step : { ...step, shares };
  const { lastSwitch } = memory;
  const isLast = lastSwitch?.isAcknowledged !== false && isSame(lastSwitch?.step ?? wanted, wanted);
  const isThere = routes.every((one) => sight.routed.some(({ id }) => id === one.id));
  const isAll = sight.seen.every((one) => !one.routed || routes.includes(one));
  if (isLast && isThere && isAll && hasShares(sight.routed, shares)) return [];
  return underWay(memory, "switch").length > 0 ? [] : [wanted];
}

function isSame(one: SwitchStep, other: SwitchStep): boolean {
  const ids = new Set(one.instances);
  if (ids.size !== other.instances.length || !other.instances.every((id) => ids.has(id))) {
    return false;
  }
  const releases = new Set([one, other].flatMap(({ shares }) => Object.keys(shares ?? {})));
  return [...releases].every((release) => {
    const [a, b] = [one.shares?.[release], other.shares?.[release]];
    return a !== undefined && b !== undefined && Math.abs(a - b) <= SHARE_EPSILON;
  });
}

function drains(sight: Sight, { goal, memory }: Situation): readonly Step[] {
  // Until the edge acknowledged a switch, what it takes out may still be sent requests.
  if (underWay(memory, "switch").length > 0) return [];
  return leaving(sight)
    .filter((one) => isAlive(one) && !isDrained(one, memory))
    .filter((one) => !isUnderWay(memory, one.id))
    .map((one) => ({ action: "drain", instance: one.id, deadlineMs: goal.limits.drainMs }));
}

function stops(sight: Sight, situation: Situation): readonly Step[] {
  const { goal, memory } = situation;
  if (underWay(memory, "switch").length > 0) return [];
  const warm = warmOf(sight, situation);
  const over = leaving(sight)
    .filter((one) => !warm.includes(one))
    .filter((one) => isDrained(one, memory) || !isAlive(one))
    .map(({ id }) => id);
  return [...over, ...startedInVain(sight, situation)]
    .filter((id) => !isUnderWay(memory, id))
    .map((instance) => ({ action: "stop", instance, graceMs: goal.limits.stopMs }));
}

/**
 * Whose start failed may be there all the same, and show later; so may what was started before the
 * turn. Stopping what is not there does no harm.
 */
function startedInVain({ aim }: Sight, { world, memory }: Situation): readonly InstanceId[] {
  return notSeenYet(world, memory).flatMap(({ id, release }) =>
    memory.rejected.has(id) || release !== aim.to ? [id] : [],
  );
}

/** Takes no requests and is about to take none. */
function leaving({ outgoing, routes }: Sight): readonly RollInstance[] {
  return outgoing.filter((one) => !one.routed && !routes.includes(one));
}

/** The old instances that stay for the way back; `outgoing` is sorted by who should. */
function warmOf(sight: Sight, situation: Situation): readonly RollInstance[] {
  const old = sight.outgoing.filter(
    (one) => isOld(one, situation) && isAlive(one) && !isIsolated(one),
  );
  const warm = old.slice(0, sight.aim.warm);
  return isBlockedBy(warm, sight) ? warm.slice(0, -1) : warm;
}

/** What an earlier run left serves, and warm ones take the rest of the room: one makes way. */
function isBlockedBy(warm: readonly RollInstance[], sight: Sight): boolean {
  const { aim, keepers, seen } = sight;
  const isFull = keepers.length < aim.fresh && seen.length >= aim.totalMax;
  return isFull && leaving(sight).every((one) => warm.includes(one));
}

function isDrained(instance: RollInstance, memory: Memory): boolean {
  const neverRouted = memory.started.has(instance.id) && !memory.switchedIn.has(instance.id);
  return memory.drained.has(instance.id) || neverRouted;
}

function starts(sight: Sight, { goal, world, memory }: Situation): readonly Step[] {
  const { aim, keepers, seen } = sight;
  if (aim.to === undefined) return [];
  const release = aim.to;
  const unseen = notSeenYet(world, memory).filter(({ id }) => !memory.rejected.has(id));
  const coming = unseen.filter((one) => one.release === release).length;
  const booting = keepers.filter((one) => !isReady(one)).length + coming;
  const count = Math.min(
    aim.fresh - keepers.length - coming,
    aim.totalMax - seen.length - unseen.length,
    STARTS_AT_ONCE_MAX - booting,
  );
  const used = [...memory.started.keys()].map(numberOf);
  const next = Math.max(world.nextInstance, ...used.map((number) => number + 1));
  return Array.from({ length: Math.max(0, count) }, (_, index) => ({
    action: "start" as const,
    unit: goal.unit,
    instance: `${goal.unit}-${next + index}`,
    release,
  }));
}

/** What this run started and what is observed does not show: it may be older. */
function notSeenYet({ instances }: RollWorld, memory: Memory): readonly Started[] {
  return [...memory.started].flatMap(([id, release]) =>
    memory.stopped.has(id) || instances.some((one) => one.id === id) ? [] : [{ id, release }],
  );
}

interface Started {
  readonly id: InstanceId;
  readonly release: ReleaseId;
}

function readinessWaits(sight: Sight, { goal, memory }: Situation): readonly Step[] {
  return [...sight.keepers, ...sight.beside.filter(isAlive)]
    .filter(
      (one) => !isIsolated(one) && !memory.verified.has(one.id) && !(one.routed && isReady(one)),
    )
    .filter((one) => !isUnderWay(memory, one.id))
    .map((one) => ({
      action: "await-ready",
      instance: one.id,
      deadlineMs: goal.limits.bootMs,
    }));
}

/** Before anything old is stopped: what dies between the two is finished, not judged again. */
function commits(sight: Sight, { goal, world, memory }: Situation): readonly Step[] {
  if (memory.phase !== "committing" || underWay(memory, "commit").length > 0) return [];
  const release = sight.aim.to;
  const isCommitted = memory.committed || world.committed === release;
  if (goal.proof === "none" || release === undefined || isCommitted) return [];
  return [{ action: "commit", unit: goal.unit, release }];
}

function whatIsUnsettled(sight: Sight, { world, memory }: Situation): string | undefined {
  const { aim, keepers, outgoing } = sight;
  const [unseen] = notSeenYet(world, memory);
  if (unseen !== undefined) return `${unseen.id} to show`;
  const left = outgoing.find((one) => one.routed || !memory.drained.has(one.id));
  if (left !== undefined) return `${left.id} to leave`;
  if (outgoing.length > aim.warm) return "old instances to stop";
  if (keepers.length < aim.fresh) return `${aim.fresh - keepers.length} more to start`;
  const idle = keepers.find((one) => !isIsolated(one) && !(one.routed && isReady(one)));
  return idle === undefined ? undefined : `${idle.id} to be ready and routed`;
}

function settled({ goal, memory }: Situation): Decision {
  if (memory.direction === "reverse" || memory.phase === "finishing") return { kind: "done" };
  const isJudged = memory.phase === "rolling" && goal.proof === "bake";
  return isJudged ? { kind: "bake" } : { kind: "held" };
}

function isUnderWay(memory: Memory, instance: InstanceId): boolean {
  return memory.underWay.some((step) => "instance" in step && step.instance === instance);
}

function underWay(memory: Memory, action: Step["action"]): readonly Step[] {
  return memory.underWay.filter((step) => step.action === action);
}
