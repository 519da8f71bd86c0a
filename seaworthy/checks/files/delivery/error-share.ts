import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { inEffect } from "./in-effect.ts";
import { listed, placesOf } from "./wording.ts";

/** `rate(x_errors_total[5m]) > 0.1`: errors a second, whatever the traffic. */
const ABSOLUTE = new RegExp(
  String.raw`^\s*(?:sum\s*(?:by\s*\([^)]{0,200}\)\s*)?\(\s*)?i?rate\s*\(\s*` +
    String.raw`\w{0,100}(?:err|fail)\w{0,100}[^/]{0,500}>=?\s*[\d.]+\s*$`,
  "i",
);

/** A share of requests is promised, and the alert counts errors a second. */
export function errorShare(unit: Unit): readonly Found[] {
  const promise = unit.facts
    .of("pledge")
    .find(({ what, at }) => what === "availability" && inEffect(at));
  if (promise === undefined) return [];
  const alerts = unit.facts.of("alert");
  const absolute = alerts.filter(({ expression }) =>
    ABSOLUTE.test(expression.value.slice(0, 2000)),
  );
  const [first] = absolute;
  // Another alert on a ratio holds the promise.
  const hasRatio = alerts.some(({ expression }) =>
    /\brate\b[\s\S]{0,2000}\/[\s\S]{0,500}\brate\b/.test(expression.value),
  );
  if (first === undefined || hasRatio) return [];
  return [
    {
      severity: "note",
      message:
        `${listed(absolute.map(({ name }) => name))} counts errors a second, and availability of ` +
        `${String(Math.round((promise.figure ?? 0) * 1e6) / 1e4)} % is promised`,
      places: placesOf(first.expression.at, [promise.at]),
      why:
        "At ten requests a second the promise is long broken before it fires; at a thousand it " +
        "fires all day while the promise holds.",
      fix: "`sum(rate(errors)) / sum(rate(requests))` against the share that may fail",
    },
  ];
}
