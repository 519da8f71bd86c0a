import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import {
  expressionsIn,
  type Binary,
  type Expression,
  type Selector,
} from "../../../facts/monitoring/promql.ts";
import type { Location } from "../../../facts/source.ts";
import type { FileRule } from "../file-rule.ts";
import { folded, type Fault } from "./folding.ts";

export const selfRatioAlwaysOne: FileRule = {
  name: "self-ratio-always-one",
  summary: "a metric is divided by itself, series by series: the result is 1",
  check: (unit) => [
    ...monitoringIn(unit.documents, "prometheus-rules").flatMap(({ rules, file }) =>
      folded(
        file.path,
        rules.flatMap(({ query, locate, name }) =>
          ratiosIn(query.expression).map((ratio) =>
            faultOf({ name, at: locate(ratio.from), severity: "warning" }, ratio),
          ),
        ),
      ),
    ),
    ...monitoringIn(unit.documents, "dashboard").flatMap(({ panels, file }) =>
      folded(
        file.path,
        panels.flatMap(({ title, queries }) =>
          queries.flatMap(({ query, at }) =>
            ratiosIn(query.expression).map((ratio) =>
              faultOf({ name: `panel ${title}`, at, severity: "note" }, ratio),
            ),
          ),
        ),
      ),
    ),
  ],
};

interface User {
  readonly name: string;
  readonly at: Location;
  readonly severity: Fault["severity"];
}

interface Ratio {
  readonly metric: string;
  readonly from: number;
}

function faultOf({ name, at, severity }: User, { metric }: Ratio): Fault {
  return {
    name,
    severity,
    message: `${metric} is divided by itself, series by series: the result is always 1`,
    places: [at],
    why: [
      "Each series on the left finds the same series on the right. The alert fires at the first",
      "event and says 100 %, whatever the real share is; people learn to ignore it.",
    ].join(" "),
    fix: `Sum both sides first: \`sum(rate(${metric}{…}[5m])) / sum(rate(${metric}[5m]))\`.`,
  };
}

function ratiosIn(expression: Expression): readonly Ratio[] {
  return [...expressionsIn(expression)].flatMap((part): Ratio[] => {
    if (part.type !== "binary" || part.op !== "/" || part.matching !== undefined) return [];
    const metric = sharedMetric(part);
    return metric === undefined ? [] : [{ metric, from: part.from }];
  });
}

/** The metric of both sides, when every series on the left has its twin on the right. */
function sharedMetric({ left, right }: Binary): string | undefined {
  const above = plainOf(left);
  const below = plainOf(right);
  if (above === undefined || below === undefined) return undefined;
  const [numerator, denominator] = [above.selector, below.selector];
  if (numerator.metric === undefined || numerator.metric !== denominator.metric) return undefined;
  if (above.calls !== below.calls || numerator.range !== denominator.range) return undefined;
  const written = new Set(numerator.matchers.map(textOf));
  return denominator.matchers.every((matcher) => written.has(textOf(matcher)))
    ? numerator.metric
    : undefined;
}

function textOf({ name, op, value }: Selector["matchers"][number]): string {
  return `${name}${op}${value}`;
}

/** A selector under calls of one argument, which keep each series apart. */
function plainOf(
  expression: Expression,
): { readonly selector: Selector; readonly calls: string } | undefined {
  let calls = "";
  let part: Expression | undefined = expression;
  while (part?.type === "call" && part.arguments.length === 1) {
    calls += `${part.name} `;
    part = part.arguments[0];
  }
  return part?.type === "selector" ? { selector: part, calls } : undefined;
}
