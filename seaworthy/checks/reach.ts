import type { Graph, ServiceUnit, UnitName } from "../plan/graph.ts";

/** Services that a public request can reach, through others too; without an edge, all of them. */
export function servicesBehindEdge(graph: Graph): readonly ServiceUnit[] {
  const services = graph.units.filter((unit) => unit.kind === "service");
  if (graph.edge === undefined) return services;
  const reached = new Set<UnitName>();
  const visit = (name: UnitName): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const need of services.find((unit) => unit.name === name)?.needs ?? []) visit(need);
  };
  for (const { to } of graph.edge.routes) visit(to);
  return services.filter(({ name }) => reached.has(name));
}
