import type { Rule } from "./rule.ts";

export const surgeZero: Rule = {
  name: "surge-zero",
  check: ({ parsed }) =>
    Object.values(parsed.system.services)
      .filter(({ rollout }) => rollout.surge === 0 && rollout.strategy !== "blue-green")
      .map(({ name }) => ({
        rule: "surge-zero",
        severity: "warning",
        message: `\`${name}\` leaves no room to roll: surge 0 is rolled as 1`,
        places: [{ path: `services.${name}.rollout.surge` }],
        why: "Stopping before starting would serve with less than the declared capacity.",
        fix: "Write surge: 1 or more, and keep the memory for it.",
      })),
};
