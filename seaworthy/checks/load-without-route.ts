import { joinPath } from "../system/path.ts";
import { routeOf } from "../system/route-of.ts";
import type { Rule } from "./rule.ts";

export const loadWithoutRoute: Rule = {
  name: "load-without-route",
  check: ({ parsed, graph }) =>
    (parsed.system.load?.mix ?? []).flatMap(({ method, path }, index) => {
      if (routeOf(path, graph.edge?.routes ?? []) !== undefined) return [];
      const edge = graph.edge === undefined ? "there is no edge" : "no route leads there";
      return [
        {
          rule: "load-without-route",
          severity: "error",
          message: `the load sends ${method} ${path}, and ${edge}`,
          places: [{ path: joinPath("load.mix", index) }, { path: "edge.routes" }],
          why: "Each of these requests is answered 404: a drill measures the 404.",
          fix: `Add a route for ${path}, or correct the path.`,
        } as const,
      ];
    }),
};
