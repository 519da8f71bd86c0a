import { formatDuration } from "@seaworthy/std/duration";
import { joinPath } from "../system/path.ts";
import { routeOf } from "../system/route-of.ts";
import type { Rule } from "./rule.ts";

export const clientGivesUpFirst: Rule = {
  name: "client-gives-up-first",
  check: ({ parsed, graph }) => {
    const { load } = parsed.system;
    const { edge } = graph;
    if (load === undefined || edge === undefined) return [];
    const asked = new Set(load.mix.map(({ path }) => routeOf(path, edge.routes)));
    return edge.routes
      .filter((route) => asked.has(route))
      .flatMap(({ prefix, timeoutMs, tryTimeoutMs }) => {
        const answeredMs = Math.min(timeoutMs, edge.timeouts.connectMs + tryTimeoutMs);
        if (load.timeoutMs >= answeredMs) return [];
        return [
          {
            rule: "client-gives-up-first",
            severity: "warning",
            message:
              `clients give up after ${formatDuration(load.timeoutMs)}, and one try on ` +
              `\`${prefix}\` may take ${formatDuration(answeredMs)}`,
            places: [
              { path: "load.timeout" },
              { path: `${joinPath("edge.routes", prefix)}.tryTimeout` },
            ],
            why: "They never see the edge's answer or its retry: what failed for them was applied.",
            fix:
              `Write tryTimeout: "${formatDuration(Math.ceil(load.timeoutMs / 3))}" or so, ` +
              "or let clients wait longer than a try.",
          } as const,
        ];
      });
  },
};
