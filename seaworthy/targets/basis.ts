import type { ObservedEdge, ObservedUnit } from "../plan/observed.ts";
import { canonicalHash } from "../system/canonical-json.ts";

/**
 * Hash of what a plan depends on. Processes, restarts, passing readiness and runs of jobs
 * are left out: a plan stays good while an instance is restarted.
 */
export function basisOf(units: readonly ObservedUnit[], edge: ObservedEdge | undefined): string {
  const relevant = units.map(({ url: _url, runs: _runs, instances, ...unit }) => ({
    ...unit,
    instances: instances.map(({ id, release, routed }) => ({ id, release, routed })),
  }));
  const byName = relevant.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  return canonicalHash([byName, edge?.addresses ?? []]);
}
