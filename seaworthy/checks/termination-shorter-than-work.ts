import { formatDuration } from "@seaworthy/std/duration";
import { joinPath } from "../system/path.ts";
import type { Rule } from "./rule.ts";

export const terminationShorterThanWork: Rule = {
  name: "termination-shorter-than-work",
  check: ({ graph }) =>
    (graph.edge?.routes ?? []).flatMap(({ prefix, to, timeoutMs, tryTimeoutMs }) => {
      const unit = graph.units.find(({ name }) => name === to);
      if (unit?.kind !== "service") return [];
      const longestMs = Math.min(timeoutMs, tryTimeoutMs);
      const { drainMs, stopMs } = unit;
      if (longestMs <= Math.min(drainMs, stopMs)) return [];
      const given = drainMs <= stopMs ? "drain" : "stop";
      const givenMs = Math.min(drainMs, stopMs);
      return [
        {
          rule: "termination-shorter-than-work",
          severity: "warning",
          message:
            `a request on \`${prefix}\` may take ${formatDuration(longestMs)}, and an instance ` +
            `of \`${to}\` that goes gets ${formatDuration(givenMs)} (${given})`,
          places: [
            { path: `services.${to}.${given}` },
            { path: `${joinPath("edge.routes", prefix)}.tryTimeout` },
          ],
          why: "Each roll and restart cuts the slowest requests, and they may have been applied.",
          fix:
            `Write drain and stop: "${formatDuration(longestMs)}" or more, ` +
            "or let a try end sooner.",
        } as const,
      ];
    }),
};
