import { humanPercent } from "@seaworthy/std/ratio";
import { AVAILABILITY_MIN } from "./availability-promise.ts";
import { servicesBehindEdge } from "./reach.ts";
import type { Rule } from "./rule.ts";

export const singleReplica: Rule = {
  name: "single-replica",
  check: ({ parsed, graph }) => {
    const { availability, errorRatio } = parsed.system.objectives;
    const isAvailable = availability !== undefined && availability >= AVAILABILITY_MIN;
    if (!isAvailable && errorRatio === undefined) return [];
    const promise = isAvailable
      ? `availability of ${humanPercent(availability)}`
      : `at most ${humanPercent(errorRatio ?? 0)} errors`;
    return servicesBehindEdge(graph)
      .filter(({ replicas }) => replicas === 1)
      .map(({ name }) => ({
        rule: "single-replica",
        severity: isAvailable ? "error" : "warning",
        message: `\`${name}\` has one replica, and the system promises ${promise}`,
        places: [
          { path: `services.${name}.replicas` },
          { path: isAvailable ? "objectives.availability" : "objectives.errors" },
        ],
        why: "When the only instance dies, every request fails until another one is ready.",
        fix: `Write replicas: 2 or more for \`${name}\`, or promise less.`,
      }));
  },
};
