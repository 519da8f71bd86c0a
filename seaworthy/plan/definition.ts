import { canonicalHash, canonicalJson } from "../system/canonical-json.ts";
import { joinPath } from "../system/path.ts";
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
  const fields = new Map<string, string>();
  if (unit.kind !== "edge") collect(unit, "", fields);
  else {
    const inner = graph.innerRoutes.map(({ service, route }) => [service, route]);
    collect({ edge: graph.edge, inner: Object.fromEntries(inner) }, "", fields);
  }
  return fields;
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

function collect(value: unknown, path: string, fields: Map<string, string>): void {
  if (value === undefined) return;
  if (typeof value !== "object" || value === null) {
    fields.set(path, typeof value === "string" ? value : String(value));
    return;
  }
  if (isMeaning(value) || (Array.isArray(value) && value.every((item) => typeof item !== "object"))) {
    fields.set(path, shown(value));
    return;
  }
  for (const [key, field] of Object.entries(value)) {
    const prefix = Array.isArray(value) ? prefixOf(field) : undefined;
    const at = prefix ?? (Array.isArray(value) ? Number(key) : key);
    collect(field, joinPath(path, at), fields);
  }
}

function prefixOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("prefix" in value)) return undefined;
  return typeof value.prefix === "string" ? value.prefix : undefined;
}

/** A value of the environment is one field; a secret shows its name, it has no value here. */
function isMeaning(value: object): boolean {
  return "kind" in value && ["text", "secret", "url", "parts"].includes(String(value.kind));
}

function shown(value: object): string {
  if ("kind" in value && value.kind === "text" && "text" in value) return String(value.text);
  if ("kind" in value && value.kind === "secret" && "secret" in value) {
    return `secret ${String(value.secret)}`;
  }
  if ("kind" in value && value.kind === "url" && "service" in value) {
    return `address of ${String(value.service)}`;
  }
  if ("parts" in value && Array.isArray(value.parts)) {
    return value.parts.map((part: unknown) => (typeof part === "object" && part !== null ? shown(part) : "")).join("");
  }
  return canonicalJson(value);
}
