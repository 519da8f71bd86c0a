import type { Rule } from "./rule.ts";

export const healthIsReady: Rule = {
  name: "health-is-ready",
  check: ({ parsed }) =>
    Object.values(parsed.system.services)
      .filter(({ health, ready }) => health.path === ready.path)
      .map(({ name, health }) => ({
        rule: "health-is-ready",
        severity: "warning",
        message: `\`${name}\` asks ${health.path} for both life and readiness`,
        places: [{ path: `services.${name}.health` }, { path: `services.${name}.ready` }],
        why: "What an instance waits for (a store, a model) then restarts it, and all others too.",
        fix: "Let `health` say only that the process works, and `ready` that it can answer.",
      })),
};
