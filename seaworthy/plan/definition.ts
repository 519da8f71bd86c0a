import { canonicalHash, canonicalJson } from "../system/canonical-json.ts";
import { environmentTexts, flatten } from "../system/flatten.ts";
import type { Graph, Unit } from "./graph.ts";
import type { FieldChange } from "./plan.ts";

/** Hash of all that a unit's definition says; the edge's is its listeners and every route. */
export function definitionOf(unit: Unit, graph: Graph | undefined): string {
  return canonicalHash(definedBy(unit, graph));
}

function definedBy(unit: Unit, graph: Graph | undefined): unknown {
  return unit.kind === "edge" ? [graph?.edge, graph?.innerRoutes] : unit;
}

/** The same, as fields: what a person compares. Routes are told apart by their prefix. */
export function fieldsOf(unit: Unit, graph: Graph): ReadonlyMap<string, string> {
  const inner = new Map<string, unknown>(
    graph.innerRoutes.map(({ service, route }) => [service, route]),
  );
  const defined =
    unit.kind === "edge"
      ? { edge: graph.edge, inner: Object.fromEntries(inner) }
      : { ...unit, env: environmentTexts(unit.env) };
  const fields = flatten(defined).filter(([, value]) => value !== undefined && !isEmpty(value));
  return new Map(fields.map(([path, value]) => [path, shown(value)]));
}

/** What differs between two sets of fields, sorted by path. */
export function changedFields(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly FieldChange[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return paths
    .map((path) => ({ path, from: before.get(path), to: after.get(path) }))
    .filter(({ from, to }) => from !== to);
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : canonicalJson(value);
}

/** An empty map is no field: its entries are. */
function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
