import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import {
  expressionsIn,
  selectorsIn,
  type Call,
  type Expression,
} from "../../../facts/monitoring/promql.ts";
import type { FileRule } from "../file-rule.ts";
import { folded, type Fault } from "./folding.ts";

export const quantileWithoutSumByLe: FileRule = {
  name: "quantile-without-sum-by-le",
  summary: "a quantile of each series apart, or of buckets that lost their bounds",
  check: (unit) => [
    ...monitoringIn(unit.documents, "prometheus-rules").flatMap(({ rules, file }) =>
      folded(
        file.path,
        rules.flatMap(({ query, name, type, locate }) =>
          quantilesIn(query.expression).flatMap((call) =>
            faultOf(call, {
              name,
              places: [locate(call.from)],
              severity: type === "alert" ? "warning" : "note",
            }),
          ),
        ),
      ),
    ),
    ...monitoringIn(unit.documents, "dashboard").flatMap(({ panels, file }) =>
      folded(
        file.path,
        panels.flatMap(({ queries, title }) =>
          queries.flatMap(({ query, at }) =>
            quantilesIn(query.expression).flatMap((call) =>
              faultOf(call, { name: `panel ${title}`, places: [at], severity: "note" }),
            ),
          ),
        ),
      ),
    ),
  ],
};

function quantilesIn(expression: Expression): readonly Call[] {
  return [...expressionsIn(expression)].flatMap((part) =>
    part.type === "call" && part.name === "histogram_quantile" ? [part] : [],
  );
}

function faultOf(call: Call, found: Pick<Fault, "name" | "places" | "severity">): readonly Fault[] {
  const buckets = call.arguments[1];
  // A native histogram has no buckets to sum by.
  if (buckets === undefined || !isClassic(buckets)) return [];
  if (losesBounds(buckets)) {
    return [
      {
        ...found,
        severity: "warning",
        message: "histogram_quantile over a sum that drops `le`: the result is empty",
        why: "Without the bounds of its buckets a histogram has no quantile: nothing ever fires.",
        fix: "Keep the label: `sum by (le, …) (rate(…_bucket[5m]))`.",
      },
    ];
  }
  const isBare = buckets.type === "call" || buckets.type === "selector";
  if (!isBare || isOneSeries(buckets)) return [];
  return [
    {
      ...found,
      message: "histogram_quantile over a bare rate: one quantile for each series",
      why: [
        "Each path, method and status of each instance is judged apart: one slow request on a page",
        "that nobody visits wakes people, and the real latency of the service is nowhere.",
      ].join(" "),
      fix: "Sum first: `histogram_quantile(0.95, sum by (le) (rate(…_bucket[5m])))`.",
    },
  ];
}

function isClassic(expression: Expression): boolean {
  const selectors = selectorsIn(expression);
  return selectors.length > 0 && selectors.every(({ metric }) => metric?.endsWith("_bucket"));
}

/** Somebody chose the series by several labels: that is no accident. */
function isOneSeries(expression: Expression): boolean {
  return selectorsIn(expression).every(
    ({ matchers }) => matchers.filter(({ op }) => op === "=").length >= 2,
  );
}

function losesBounds(expression: Expression): boolean {
  if (expression.type !== "aggregation") return false;
  const { grouping, operation } = expression;
  if (operation === "topk" || operation === "bottomk") return false;
  if (grouping === undefined) return true;
  const hasBounds = grouping.labels.includes("le") || grouping.labels.includes("grafana_variable");
  return grouping.type === "by" ? !hasBounds : grouping.labels.includes("le");
}
