import { deadline } from "@seaworthy/std/clock";
import type { Observed, ObservedInstance, ObservedUnit } from "../plan/observed.ts";
import { nearest } from "../system/nearest.ts";
import type { Target } from "../targets/target.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit.ts";
import { Refusal } from "./failure.ts";

const OBSERVE_MS = 10_000;

export interface Chosen {
  readonly unit: ObservedUnit;
  readonly instance: ObservedInstance;
}

export async function look(target: Target, context: Context): Promise<Observed> {
  const signal = deadline(OBSERVE_MS, "looking at what runs", context.interrupts.abort);
  return await target.observe(signal);
}

/** One instance by its name; exit 2 names the nearest, or all there are. */
export function instanceNamed(observed: Observed, name: string): Chosen {
  for (const unit of observed.units) {
    const instance = unit.instances.find(({ id }) => id === name);
    if (instance !== undefined) return { unit, instance };
  }
  const ids = observed.units.flatMap((unit) => unit.instances.map(({ id }) => id));
  const near = nearest(name, ids);
  throw new Refusal(EXIT.usage, `no instance ${name} runs here`, {
    fix:
      near !== undefined
        ? `did you mean ${near}?`
        : ids.length === 0
          ? "nothing runs: seaworthy up"
          : `there are ${ids.join(", ")}`,
  });
}

/** An instance by its name, or a service's first one that is ready. */
export function instanceOf(observed: Observed, name: string): Chosen {
  const unit = observed.units.find((one) => one.name === name && one.kind === "service");
  if (unit === undefined) return instanceNamed(observed, name);
  const instance = unit.instances.find(({ state }) => state === "ready") ?? unit.instances[0];
  if (instance !== undefined) return { unit, instance };
  throw new Refusal(EXIT.refused, `no instance of ${name} runs`, { fix: "seaworthy up" });
}
