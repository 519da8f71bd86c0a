import type { Graph, Unit, UnitName } from "./graph.ts";

/**
 * Jobs by name, then services with those that others need first, then the edge. A circle of needs
 * is entered at its first name, so that the order depends on names alone.
 */
export function unitsInOrder(graph: Graph): readonly Unit[] {
  const byName = graph.units.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const services = byName.filter(({ kind }) => kind === "service");
  const ordered: Unit[] = byName.filter(({ kind }) => kind === "job");
  const visited = new Set<UnitName>();
  const visit = (unit: Unit): void => {
    if (visited.has(unit.name)) return;
    visited.add(unit.name);
    const needs = unit.kind === "edge" ? [] : unit.needs;
    for (const need of needs.toSorted()) {
      const needed = services.find(({ name }) => name === need);
      if (needed !== undefined) visit(needed);
    }
    ordered.push(unit);
  };
  for (const service of services) visit(service);
  return [...ordered, ...byName.filter(({ kind }) => kind === "edge")];
}
