import type { Observed, ObservedInstance } from "../plan/observed.ts";

export function anInstance(id: string, given: Partial<ObservedInstance> = {}): ObservedInstance {
  return {
    id,
    unit: "api",
    release: "r1",
    state: "ready",
    routed: true,
    weight: 1,
    isolated: undefined,
    address: undefined,
    pid: 1,
    since: "",
    restarts: 0,
    because: undefined,
    ...given,
  };
}

/** The unit `api`, which wants two of them. */
export function anObserved(instances: readonly ObservedInstance[]): Observed {
  const unit = {
    name: "api",
    kind: "service",
    desired: 2,
    scaleOverride: undefined,
    committed: "r1",
    previous: undefined,
    instances,
    nextInstance: 9,
    url: "http://127.0.0.1:1",
    definition: "d",
  } as const;
  return { basis: "b", exists: true, units: [unit], edge: undefined };
}
