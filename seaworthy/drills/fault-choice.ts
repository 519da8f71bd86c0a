import { present } from "@seaworthy/std/assert";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { Sample } from "../load/load.ts";
import { touching } from "../load/window.ts";
import type { ObservedInstance } from "../plan/observed.ts";
import type { Fault } from "../record/fault.ts";
import type { InstanceId } from "../record/step.ts";
import type { Target } from "../targets/target.ts";
import { SWITCH_MARGIN_MS } from "./fault-under-way.ts";
import type { WrongsOf } from "./notes.ts";
import { chooseVictim } from "./preflight.ts";
import type { DrillRequest } from "./request.ts";
import type { RunSetting } from "./stage.ts";
import { unitSeen } from "./whole.ts";
import type { Exposed } from "./wholeness.ts";

/** What one run of a drill breaks, and how that is to be judged. */
export interface FaultChoice {
  /** Struck together, undone last first. */
  readonly faults: readonly [Fault, ...Fault[]];
  /** May be hurt; whatever else is ends the run. */
  readonly victims: readonly InstanceId[];
  readonly exposed: Exposed | undefined;
  /** What was broken may be replaced by something whole before the undo. */
  readonly wholeWhileBroken: boolean;
  /** The victim is to live through it as the process that it was. */
  readonly outlives: boolean;
  /**
   * What must go on while it is broken; the rest fails by nature, and recovers from the undo on.
   * Undefined: all of it.
   */
  readonly goesOn: ((sample: Sample) => boolean) | undefined;
  /** What must not be seen in the window, whatever the ratio. */
  readonly wrongsOf: WrongsOf | undefined;
}

/** What a choice is made of: what runs, and the run's own chance. */
export type Choosing = Pick<RunSetting, "unit" | "before" | "random" | "load"> & {
  readonly request: Pick<DrillRequest, "parsed"> & {
    readonly target: Pick<Target, "platform">;
  };
};

export type ChooseFault = (setting: Choosing) => Result<FaultChoice, string>;

/** A tenth of the time: what takes 10 ms of work takes 100 ms (`research/resilience.md` D4). */
const SLOW = { runningMs: 10, stoppedMs: 90 };

const PLAIN = { outlives: false, goesOn: undefined, wrongsOf: undefined } as const;

export const chooseKill: ChooseFault = (setting) => {
  const { id: instance } = victimOf(setting);
  const faults = [{ kind: "kill", instance }] as const;
  return ok({ ...PLAIN, faults, victims: [instance], exposed: undefined, wholeWhileBroken: true });
};

/** Its health check may have it replaced before it is thawed. */
export const chooseFreeze: ChooseFault = (setting) => {
  const victim = victimOf(setting);
  const faults = [{ kind: "freeze", instance: victim.id, forMs: forMs(setting) }] as const;
  const exposed = exposedOf(victim, "frozen");
  return ok({ ...PLAIN, faults, victims: [victim.id], exposed, wholeWhileBroken: true });
};

export const chooseDrop: ChooseFault = (setting) => {
  const victim = victimOf(setting);
  const faults = [{ kind: "drop", instance: victim.id, forMs: forMs(setting) }] as const;
  const exposed = exposedOf(victim, "broken");
  return ok({ ...PLAIN, faults, victims: [victim.id], exposed, wholeWhileBroken: false });
};

export const chooseSlow: ChooseFault = (setting) => {
  const victim = victimOf(setting);
  const slow = { kind: "slow", instance: victim.id, ...SLOW, forMs: forMs(setting) } as const;
  const exposed = exposedOf(victim, "broken");
  return ok({
    ...{ ...PLAIN, faults: [slow], victims: [victim.id], exposed, wholeWhileBroken: false },
  });
};

export const chooseMemory: ChooseFault = (setting) => {
  const { id: instance } = victimOf(setting);
  const faults = [{ kind: "exhaust-memory", instance, forMs: forMs(setting) }] as const;
  return ok({ ...PLAIN, faults, victims: [instance], exposed: undefined, wholeWhileBroken: true });
};

/** A log that cannot be written is no reason to die. */
export const chooseLogs: ChooseFault = (setting) => {
  const victim = victimOf(setting);
  const faults = [{ kind: "fill-logs", instance: victim.id, forMs: forMs(setting) }] as const;
  const exposed = exposedOf(victim, "broken");
  const victims = [victim.id];
  return ok({ ...PLAIN, faults, victims, exposed, wholeWhileBroken: false, outlives: true });
};

/** Reads go on; a write may fail, and is accepted again as soon as there is room. */
export const chooseVolume: ChooseFault = (setting) => {
  const { unit, random } = setting;
  const names = Object.keys(unit.volumeSizes ?? {}).toSorted();
  const volume = names[random.below(names.length)];
  if (volume === undefined) return refuse(`no volume of ${unit.name} declares a size`);
  const fill = { kind: "fill-volume", unit: unit.name, volume, forMs: forMs(setting) } as const;
  return ok({
    ...{ ...PLAIN, faults: [fill], victims: [], exposed: undefined, wholeWhileBroken: false },
    goesOn: (sample) => sample.class === "safe",
  });
};

/** Dropped where packets can be: a frozen one may be replaced before its time. */
export const chooseDependencyDown: ChooseFault = (setting) => {
  const canDrop = setting.request.target.platform.faults.has("drop");
  const kind = canDrop ? "drop" : "freeze";
  return dependency(setting, (instance) => ({ kind, instance, forMs: forMs(setting) }));
};

export const chooseDependencySlow: ChooseFault = (setting) =>
  dependency(setting, (instance) => ({ kind: "slow", instance, ...SLOW, forMs: forMs(setting) }));

/** All of a service that the drilled one needs; requests that need it not go on. */
function dependency(
  setting: Choosing,
  faultOf: (instance: InstanceId) => Fault,
): Result<FaultChoice, string> {
  const { unit, random, before, load } = setting;
  const needed = unit.needs.toSorted();
  const service = needed[random.below(needed.length)];
  const instances = service === undefined ? [] : (unitSeen(before, service)?.instances ?? []);
  const victims = instances.map(({ id }) => id);
  const [first, ...rest] = victims;
  if (service === undefined || first === undefined) {
    return refuse(`${unit.name} needs no other service`);
  }
  const isHurt = load.mix.map(({ needs }) => needs?.includes(service) === true);
  return ok({
    ...{ ...PLAIN, victims, exposed: undefined, wholeWhileBroken: false },
    faults: [faultOf(first), ...rest.map(faultOf)],
    goesOn: ({ kind }) => kind === undefined || isHurt[kind] !== true,
  });
}

/** New connections wait in the kernel until the next worker accepts; none is refused. */
export const chooseEdgeWorker: ChooseFault = () =>
  ok(edgeChoice({ kind: "kill-edge", part: "worker" }, ["refused"]));

/** Where its sockets go with it, what comes until the next one listens is refused. */
export const chooseEdgeHolder: ChooseFault = () =>
  ok(edgeChoice({ kind: "kill-edge", part: "holder" }, []));

export const chooseReload: ChooseFault = () => ok(edgeChoice({ kind: "reload-edge" }, LOST));

export const chooseUpgrade: ChooseFault = () => ok(edgeChoice({ kind: "upgrade-edge" }, LOST));

/** How a connection ends that a reconfiguration has cost. */
const LOST = ["refused", "reset", "cut"];

function edgeChoice(fault: Fault, never: readonly string[]): FaultChoice {
  return {
    ...{ ...PLAIN, faults: [fault], victims: [], exposed: undefined, wholeWhileBroken: true },
    wrongsOf: ({ samples, window }) =>
      never.flatMap((failure) => {
        const those = touching(samples, window).filter((sample) => sample.failure === failure);
        return those.length === 0 ? [] : [`${those.length} requests were ${failure}`];
      }),
  };
}

function victimOf({ unit, before, random }: Choosing): ObservedInstance {
  return chooseVictim(present(unitSeen(before, unit.name), unit.name), random);
}

function exposedOf({ unit, id, pid }: ObservedInstance, during: Exposed["while"]): Exposed {
  return { unit, instance: id, pid, while: during };
}

/** Our own undo comes first; this is the dead man's switch's. */
function forMs({ request }: Choosing): number {
  return request.parsed.system.drills.freezeMs + SWITCH_MARGIN_MS;
}
