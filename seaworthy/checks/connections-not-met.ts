import type { Rule } from "./rule.ts";

export const connectionsNotMet: Rule = {
  name: "connections-not-met",
  check: ({ parsed, graph }) => {
    const promised = parsed.system.objectives.connections;
    const taken = graph.edge?.limits.connections;
    if (promised === undefined || taken === undefined || taken >= promised) return [];
    return [
      {
        rule: "connections-not-met",
        severity: "error",
        message: `${promised} connections are promised, and the edge takes ${taken}`,
        places: [{ path: "objectives.connections" }, { path: "edge.limits.connections" }],
        why: "The next client is told 503, while everything behind the edge is idle.",
        fix: `Write limits: { connections: ${promised} } or more, or promise less.`,
      },
    ];
  },
};
