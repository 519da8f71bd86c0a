import type { Component } from "../../../facts/fact.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { byFile, isForProduction, listed, placesOf } from "./intent.ts";

export const limitsMissing: FileRule = {
  name: "limits-missing",
  summary: "services run without a memory limit",
  check: (unit) =>
    byFile(unlimited(unit), ({ at }) => at).flatMap((group): readonly Found[] => {
      const [first, ...rest] = group;
      if (first === undefined) return [];
      return [
        {
          severity: "note",
          message: `no memory limit for ${listed(group.map(({ name }) => name))}`,
          places: placesOf(
            first.at,
            rest.map(({ at }) => at),
          ),
          why:
            "one leak takes the memory of the whole host: the kernel then kills what is largest, " +
            "which is usually the database",
          fix:
            first.platform === "kubernetes"
              ? "resources: { requests: { memory }, limits: { memory } } by what was measured"
              : "deploy: { resources: { limits: { memory: 512M } } }, by what was measured",
        },
      ];
    }),
};

function unlimited(unit: Unit): readonly Component[] {
  return unit.facts
    .of("component")
    .filter(
      ({ platform, memoryLimitBytes, workload, at }) =>
        (platform === "compose" || platform === "kubernetes") &&
        memoryLimitBytes === undefined &&
        workload !== "Job" &&
        workload !== "CronJob" &&
        isForProduction(unit, at),
    );
}
