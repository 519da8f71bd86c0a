import type { Step } from "../record/step.ts";
import { isReversible, type RollInstance, type Situation } from "./goal.ts";
import { isAlive, isReady, isUnderWay, look, numberOf, type Sight, underWay } from "./sight.ts";

/** Starts and readiness waits at one time: more would make all of them slow to boot. */
const STARTS_AT_ONCE_MAX = 4;
/** In-place restarts of an instance we started before its release counts as crashing. */
const RESTARTS_MAX = 2;
/** Failed steps on the way back (or of a repair) before a person is called. */
const ATTEMPTS_MAX = 3;

/** What to do next with one unit. */
export type Decision =
  /** May run at the same time as each other and as what is under way. */
  | { readonly kind: "steps"; readonly steps: readonly Step[] }
  /** For what is under way, or for the world to change. */
  | { readonly kind: "wait"; readonly on: string }
  | { readonly kind: "reverse"; readonly because: string }
  /** All new instances serve, the old ones are warm: judge, then `baked` or `reversed`. */
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
 * undrained is stopped.
 */
export function decide(situation: Situation): Decision {
  const trouble = troubleIn(situation);
  if (trouble !== undefined) return trouble;
  const sight = look(situation);
  const steps = [
    ...switches(sight, situation),
    ...drains(sight, situation),
    ...stops(sight, situation),
    ...starts(sight, situation),
    ...readinessWaits(sight, situation),
  ];
  if (steps.length > 0) return { kind: "steps", steps };
  if (situation.memory.underWay.length > 0) return { kind: "wait", on: "steps under way" };
  const unsettled = whatIsUnsettled(sight);
  if (unsettled !== undefined) return { kind: "wait", on: unsettled };
  return settled(situation, sight);
}

function troubleIn(situation: Situation): Decision | undefined {
  const { goal, memory, nowMs } = situation;
  const hasWayBack = memory.direction === "forward" && memory.phase !== "finishing";
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
 * Only what this run started counts against the release; what was there before is replaced. Until
 * it was ready once, its own `await-ready` judges it: many a service needs a second try to boot.
 */
function casualty({ goal, world, memory }: Situation): string | undefined {
  const ours = world.instances.filter(
    (one) => one.release === goal.to && memory.started.has(one.id) && !memory.stopped.has(one.id),
  );
  for (const one of ours) {
    const isDown = one.state === "gone" || one.state === "backing-off";
    if (one.state === "failed" || (isDown && memory.verified.has(one.id))) {
      return `${one.id} of the new release died`;
    }
    if (one.restarts > RESTARTS_MAX) {
      return `${one.id} of the new release restarted ${one.restarts} times`;
    }
  }
  return undefined;
}

function switches(sight: Sight, { goal, memory }: Situation): readonly Step[] {
  const isSame =
    sight.routes.length === sight.routed.length &&
    sight.routes.every((id) => sight.routed.includes(id));
  if (isSame || underWay(memory, "switch").length > 0) return [];
  return [{ action: "switch", unit: goal.unit, instances: sight.routes }];
}

function drains(sight: Sight, { goal, memory }: Situation): readonly Step[] {
  // Until the edge acknowledged a switch, what it takes out may still be sent requests.
  if (underWay(memory, "switch").length > 0) return [];
  return sight.outgoing
    .filter((one) => !one.routed && isAlive(one) && !isDrained(one, sight))
    .filter((one) => !isUnderWay(memory, one.id))
    .map((one) => ({ action: "drain", instance: one.id, deadlineMs: goal.limits.drainMs }));
}

function stops(sight: Sight, { goal, memory }: Situation): readonly Step[] {
  if (underWay(memory, "switch").length > 0) return [];
  const warm = warmOf(sight, goal.from);
  return sight.outgoing
    .filter((one) => !one.routed && !warm.includes(one))
    .filter((one) => isDrained(one, sight) || !isAlive(one))
    .filter((one) => !isUnderWay(memory, one.id))
    .map((one) => ({ action: "stop", instance: one.id, graceMs: goal.limits.stopMs }));
}

/** The old instances that stay for the way back; `outgoing` is sorted by who should. */
function warmOf(sight: Sight, from: string | undefined): readonly RollInstance[] {
  return sight.outgoing
    .filter((one) => one.release === from && one.release !== sight.aim.to && isAlive(one))
    .slice(0, sight.aim.warm);
}

function isDrained(instance: RollInstance, { memory }: Sight): boolean {
  const neverRouted = memory.started.has(instance.id) && !memory.switchedIn.has(instance.id);
  return memory.drained.has(instance.id) || neverRouted;
}

function starts(sight: Sight, { goal, world, memory }: Situation): readonly Step[] {
  const { aim } = sight;
  if (aim.to === undefined) return [];
  const release = aim.to;
  const coming = underWay(memory, "start").flatMap((step) =>
    step.action === "start" && !sight.seen.some((one) => one.id === step.instance) ? [step] : [],
  );
  const booting = sight.keepers.filter((one) => !isReady(one)).length + coming.length;
  const count = Math.min(
    aim.replicas - sight.keepers.length - coming.length,
    aim.totalMax - sight.seen.length - coming.length,
    STARTS_AT_ONCE_MAX - booting,
  );
  const used = [...memory.started].map(numberOf);
  const next = Math.max(world.nextInstance, ...used.map((number) => number + 1));
  return Array.from({ length: Math.max(0, count) }, (_, index) => ({
    action: "start" as const,
    unit: goal.unit,
    instance: `${goal.unit}-${next + index}`,
    release,
  }));
}

function readinessWaits(sight: Sight, { goal, memory }: Situation): readonly Step[] {
  return sight.keepers
    .filter((one) => !memory.verified.has(one.id) && !(one.routed && isReady(one)))
    .filter((one) => !isUnderWay(memory, one.id))
    .map((one) => ({
      action: "await-ready",
      instance: one.id,
      deadlineMs: goal.limits.bootMs,
    }));
}

function whatIsUnsettled(sight: Sight): string | undefined {
  const { aim, keepers, outgoing, memory } = sight;
  const leaving = outgoing.find((one) => one.routed || !memory.drained.has(one.id));
  if (leaving !== undefined) return `${leaving.id} to leave`;
  if (outgoing.length > aim.warm) return "old instances to stop";
  if (keepers.length < aim.replicas) return `${aim.replicas - keepers.length} more to start`;
  const idle = keepers.find((one) => !one.routed || !isReady(one));
  return idle === undefined ? undefined : `${idle.id} to be ready and routed`;
}

function settled({ goal, world, memory }: Situation, sight: Sight): Decision {
  if (memory.direction === "reverse") return { kind: "done" };
  if (memory.phase === "rolling")
    return goal.proof === "bake" ? { kind: "bake" } : { kind: "held" };
  if (memory.phase === "baked") return { kind: "held" };
  const release = sight.aim.to;
  const isCommitted = memory.committed || world.committed === release;
  if (goal.proof === "none" || release === undefined || isCommitted) return { kind: "done" };
  return { kind: "steps", steps: [{ action: "commit", unit: goal.unit, release }] };
}
