import type { Graph, UnitName } from "../plan/graph.ts";
import type { Observed, ObservedInstance, ObservedUnit } from "../plan/observed.ts";

/**
 * What keeps a system from being whole and at rest: a service that lacks instances, one that is
 * being rolled or scaled, an edge that does not answer. Undefined: nothing does.
 */
export function notWhole(observed: Observed, graph: Graph): string | undefined {
  if (observed.edge?.ready === false) return "the edge does not answer";
  for (const unit of graph.units) {
    if (unit.kind !== "service") continue;
    const seen = unitSeen(observed, unit.name);
    const ready = seen === undefined ? 0 : victims(seen).length;
    const desired = seen?.desired ?? unit.replicas;
    if (ready < Math.max(1, desired)) return `${unit.name}: ${ready} of ${desired} ready`;
    const instances = seen?.instances ?? [];
    if (instances.length > desired) {
      return `${unit.name}: ${instances.length} instances where ${desired} are wanted`;
    }
    const releases = new Set(instances.map(({ release }) => release));
    if (releases.size > 1) return `${unit.name} runs ${[...releases].join(" and ")} at once`;
  }
  return undefined;
}

export function unitSeen(observed: Observed, name: UnitName): ObservedUnit | undefined {
  return observed.units.find((unit) => unit.name === name);
}

/** Instances that are ready and take requests. */
export function victims(unit: ObservedUnit): readonly ObservedInstance[] {
  return unit.instances.filter((instance) => instance.state === "ready" && instance.routed);
}

/** Unit → the release that takes requests, or is committed where none does. */
export function releasesServing(observed: Observed): Readonly<Record<UnitName, string>> {
  const serving: Record<UnitName, string> = {};
  for (const unit of observed.units) {
    const release = unit.instances.find((instance) => instance.routed)?.release ?? unit.committed;
    if (release !== undefined) serving[unit.name] = release;
  }
  return serving;
}
