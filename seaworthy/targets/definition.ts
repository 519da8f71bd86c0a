import type { Graph, Unit } from "../plan/graph.ts";
import { canonicalHash } from "../system/canonical-json.ts";

/** Hash of all that a unit's definition says; the edge's is its listeners and every route. */
export function definitionOf(unit: Unit, graph: Graph | undefined): string {
  return canonicalHash(unit.kind === "edge" ? [graph?.edge, graph?.innerRoutes] : unit);
}
