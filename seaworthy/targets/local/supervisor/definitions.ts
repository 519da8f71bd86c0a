import { definitionOf } from "../../../plan/definition.ts";
import type { Graph, ServiceUnit, Unit, UnitName } from "../../../plan/graph.ts";
import type { ReleaseId } from "../../../record/release.ts";
import type { InstanceRecord, SupervisorState } from "./state.ts";

/** Unit → the release that a definition speaks of; other releases of it keep the one they have. */
export type Spoken = Readonly<Record<UnitName, ReleaseId>>;

/** What an instance is judged by: what its release was started under. */
export function definitionFor(
  state: Pick<SupervisorState, "units" | "definitions">,
  { unit, release }: Pick<InstanceRecord, "unit" | "release">,
): ServiceUnit | undefined {
  const defined = state.definitions[keyOf(unit, release)] ?? state.units[unit];
  return defined?.kind === "service" ? defined : undefined;
}

/**
 * Which releases keep another definition than their unit's own, once this graph is defined. Where
 * it speaks of one release, all others that run keep what they were judged by: a ready path that
 * only the new release knows must not take the old one out. Where it speaks of none and the
 * definition is another one, it is the unit's for all that run.
 */
export function definitionsAfter(
  state: SupervisorState,
  graph: Graph,
  spoken: Spoken,
): SupervisorState["definitions"] {
  const kept: Record<string, ServiceUnit> = {};
  for (const unit of graph.units) {
    const of = spoken[unit.name];
    const isAnother = !isSame(unit, state.units[unit.name]);
    if (unit.kind !== "service" || (of === undefined && isAnother)) continue;
    for (const record of Object.values(state.instances)) {
      if (record.unit !== unit.name || record.release === of) continue;
      const own = definitionFor(state, record);
      if (own === undefined || isSame(own, unit)) continue;
      kept[keyOf(record.unit, record.release)] = own;
    }
  }
  return kept;
}

function isSame(one: Unit, other: Unit | undefined): boolean {
  return other !== undefined && definitionOf(one, undefined) === definitionOf(other, undefined);
}

function keyOf(unit: UnitName, release: ReleaseId): string {
  return `${unit} ${release}`;
}
