import type { Objectives } from "../system/system.ts";
import type { Rule } from "./rule.ts";

/** Availability is observed over weeks; these are measured in drills, which need load. */
function measured(objectives: Objectives): readonly string[] {
  const paths = {
    errors: objectives.errorRatio,
    "latency.p95": objectives.latencyP95Ms,
    "latency.p99": objectives.latencyP99Ms,
    "recovery.time": objectives.recoveryTimeMs,
  };
  return Object.entries(paths).flatMap(([name, limit]) => (limit === undefined ? [] : [name]));
}

export const objectiveWithoutLoad: Rule = {
  name: "objective-without-load",
  check: ({ parsed }) => {
    const names = measured(parsed.system.objectives);
    if (parsed.system.load !== undefined || names.length === 0) return [];
    return [
      {
        rule: "objective-without-load",
        severity: "warning",
        message: `promised, and no load is declared to measure it: ${names.join(", ")}`,
        places: names.map((name) => ({ path: `objectives.${name}` })),
        why: "Without requests nothing can fail: no drill can say that the promise is held.",
        fix: 'Declare what clients do: load: { rate: "50/s", mix: [{ GET: "/…" }] }.',
      },
    ];
  },
};
