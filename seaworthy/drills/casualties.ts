import type { Observed, ObservedInstance } from "../plan/observed.ts";
import type { InstanceId } from "../record/step.ts";
import type { Blast } from "./catalogue.ts";

/** What a drill may hurt, by name. */
export interface BlastRadius {
  readonly blast: Blast;
  /** The unit that is drilled. */
  readonly unit: string;
  /** Chosen to be hurt; the only ones that `instance` allows. */
  readonly victims: ReadonlySet<InstanceId>;
}

/** Hurt, beyond what may be; `sure` when one look is enough to say so. */
export interface Casualty {
  readonly who: string;
  readonly sure: boolean;
}

/**
 * What is hurt and should not be, from how it was right before the fault. An instance that is
 * merely not ready may be about to recover: such a one is not sure.
 */
export function casualties(
  before: Observed,
  now: Observed,
  radius: BlastRadius,
): readonly Casualty[] {
  if (radius.blast === "system") return [];
  const found: Casualty[] = [];
  for (const unit of before.units) {
    if (unit.kind !== "service") continue;
    if (radius.blast === "unit" && unit.name === radius.unit) continue;
    const instances = now.units.find(({ name }) => name === unit.name)?.instances ?? [];
    for (const was of unit.instances) {
      if (was.state !== "ready" || radius.victims.has(was.id)) continue;
      const harm = harmTo({ was, is: instances.find(({ id }) => id === was.id) });
      if (harm !== undefined) found.push(harm);
    }
  }
  if (radius.blast !== "edge" && before.edge?.ready === true && now.edge?.ready !== true) {
    found.push({ who: "the edge does not answer", sure: false });
  }
  return found;
}

function harmTo(one: {
  readonly was: ObservedInstance;
  readonly is: ObservedInstance | undefined;
}): Casualty | undefined {
  const { was, is } = one;
  if (is === undefined) return { who: `${was.id} is gone`, sure: true };
  switch (is.state) {
    case "frozen":
    case "gone":
    case "failed":
    case "backing-off":
    case "stopping":
      return { who: `${is.id} is ${is.state}`, sure: true };
    case "starting":
    case "unready":
      return { who: `${is.id} is ${is.state}`, sure: is.pid !== was.pid };
    case "ready":
      return is.pid === was.pid && is.restarts === was.restarts
        ? undefined
        : { who: `${is.id} was restarted`, sure: true };
  }
}
