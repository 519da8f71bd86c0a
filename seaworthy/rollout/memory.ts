import { assertNever } from "@seaworthy/std/assert";
import type { ReleaseId } from "../record/release.ts";
import type { InstanceId, Step, StepResult } from "../record/step.ts";
import type { RollWorld } from "./goal.ts";

/**
 * What one run knows beyond what can be observed. It may be lost at any moment: a run that starts
 * with a fresh one reaches the same end, it only waits and drains again.
 */
export interface Memory {
  readonly direction: "forward" | "reverse";
  /**
   * `baked`: proved, waiting for the rest of the fleet; `committing`: the whole fleet is proved;
   * `finishing`: all of it is committed, and the old instances may be stopped.
   */
  readonly phase: "rolling" | "baked" | "committing" | "finishing";
  /** Steps of a canary that were judged good. */
  readonly passed: number;
  /** On the runner's monotonic clock; past it, forward turns back and reverse gives up. */
  readonly deadlineMs: number;
  /** Why steps failed, in this direction. */
  readonly failures: readonly string[];
  readonly underWay: readonly Step[];
  /** With its release: one that was started may be there before it shows. */
  readonly started: ReadonlyMap<InstanceId, ReleaseId>;
  /** Passed `await-ready`, or took requests when this run first switched. */
  readonly verified: ReadonlySet<InstanceId>;
  /** Failed `await-ready`: replaced, never waited for again. */
  readonly rejected: ReadonlySet<InstanceId>;
  readonly switchedIn: ReadonlySet<InstanceId>;
  /** In the last switch that was acknowledged, or in one whose effect is not known. */
  readonly mayBeRouted: ReadonlySet<InstanceId>;
  /** What is observed may be older than this. */
  readonly lastSwitch: { readonly step: SwitchStep; readonly isAcknowledged: boolean } | undefined;
  readonly drained: ReadonlySet<InstanceId>;
  readonly stopped: ReadonlySet<InstanceId>;
  readonly committed: boolean;
}

export type SwitchStep = Extract<Step, { readonly action: "switch" }>;

const NONE: ReadonlySet<InstanceId> = new Set();

export function freshMemory(deadlineMs: number): Memory {
  return {
    direction: "forward",
    phase: "rolling",
    passed: 0,
    deadlineMs,
    failures: [],
    underWay: [],
    started: new Map(),
    verified: NONE,
    rejected: NONE,
    switchedIn: NONE,
    mayBeRouted: NONE,
    lastSwitch: undefined,
    drained: NONE,
    stopped: NONE,
    committed: false,
  };
}

/** A step was handed to the target; `world` is what it was decided from. */
export function begun(memory: Memory, step: Step, world: RollWorld): Memory {
  const now = { ...memory, underWay: [...memory.underWay, step] };
  if (step.action === "start") {
    return { ...now, started: new Map([...now.started, [step.instance, step.release]]) };
  }
  if (step.action !== "switch") return now;
  const serving = world.instances.filter((one) => one.routed).map((one) => one.id);
  return {
    ...now,
    // What takes requests now is proved: on the way back it is routed without being asked again.
    verified: plus(now.verified, ...serving),
    switchedIn: plus(now.switchedIn, ...step.instances),
    mayBeRouted: plus(now.mayBeRouted, ...step.instances),
    lastSwitch: { step, isAcknowledged: false },
    // What takes requests again has to be drained again.
    drained: new Set([...now.drained].filter((id) => !step.instances.includes(id))),
  };
}

/** A step ended. `begun` was given the same value. */
export function ended(memory: Memory, step: Step, result: StepResult): Memory {
  const now = { ...memory, underWay: memory.underWay.filter((other) => other !== step) };
  return result.outcome === "done" ? succeeded(now, step) : failed(now, step, result.because);
}

/** Nothing came of it and nothing is held against it: the run no longer wanted its result. */
export function abandoned(memory: Memory, step: Step): Memory {
  return { ...memory, underWay: memory.underWay.filter((other) => other !== step) };
}

/** Turns back. What was learnt about instances stays true. */
export function reversed(memory: Memory, deadlineMs: number): Memory {
  return { ...memory, direction: "reverse", phase: "rolling", deadlineMs, failures: [] };
}

/** A step of a canary was judged good: the next one, or the rest, may begin. */
export function stepPassed(memory: Memory, deadlineMs: number): Memory {
  return { ...memory, passed: memory.passed + 1, deadlineMs };
}

/** How long it was watched is no part of how long rolling may take: there is a new deadline. */
export function baked(memory: Memory, deadlineMs: number): Memory {
  return { ...memory, phase: "baked", deadlineMs };
}

export function committing(memory: Memory, deadlineMs: number): Memory {
  return { ...memory, phase: "committing", deadlineMs, failures: [] };
}

export function finishing(memory: Memory, deadlineMs: number): Memory {
  return { ...memory, phase: "finishing", deadlineMs, failures: [] };
}

function succeeded(memory: Memory, step: Step): Memory {
  switch (step.action) {
    case "await-ready":
      return { ...memory, verified: plus(memory.verified, step.instance) };
    case "drain":
      // Routed again while it drained: it will have to be drained again.
      if (memory.mayBeRouted.has(step.instance)) return memory;
      return { ...memory, drained: plus(memory.drained, step.instance) };
    case "stop":
      return { ...memory, stopped: plus(memory.stopped, step.instance) };
    case "commit":
      return { ...memory, committed: true };
    case "switch":
      return {
        ...memory,
        mayBeRouted: new Set(step.instances),
        lastSwitch: { step, isAcknowledged: true },
      };
    case "start":
    case "isolate":
    case "rejoin":
    case "run-job":
    case "settle-job":
    case "scale-override":
    case "inject":
    case "undo":
    case "remove":
    case "delete-volumes":
      return memory;
    default:
      return assertNever(step);
  }
}

function failed(memory: Memory, step: Step, because: string): Memory {
  const now = { ...memory, failures: [...memory.failures, because] };
  if (step.action !== "await-ready" && step.action !== "start") return now;
  return { ...now, rejected: plus(now.rejected, step.instance) };
}

function plus(
  set: ReadonlySet<InstanceId>,
  ...ids: readonly InstanceId[]
): ReadonlySet<InstanceId> {
  return new Set([...set, ...ids]);
}
