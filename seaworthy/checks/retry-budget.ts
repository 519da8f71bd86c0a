import { formatDuration } from "@seaworthy/std/duration";
import { joinPath } from "../system/path.ts";
import type { Rule } from "./rule.ts";

export const retryBudget: Rule = {
  name: "retry-budget",
  check: ({ graph }) =>
    (graph.edge?.routes ?? [])
      .filter(({ timeoutMs, tryTimeoutMs }) => tryTimeoutMs > timeoutMs)
      .map(({ prefix, timeoutMs, tryTimeoutMs }) => {
        const path = joinPath("edge.routes", prefix);
        return {
          rule: "retry-budget",
          severity: "error",
          message:
            `one try on \`${prefix}\` may take ${formatDuration(tryTimeoutMs)}, ` +
            `the whole request only ${formatDuration(timeoutMs)}`,
          places: [{ path: `${path}.tryTimeout` }, { path: `${path}.timeout` }],
          why:
            "The request is over before its first try is: " +
            "a frozen instance costs every request it gets.",
          fix:
            `Write tryTimeout: "${formatDuration(Math.ceil(timeoutMs / 3))}" or so, ` +
            "to leave room for another try.",
        };
      }),
};
