import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { Rule } from "../../../facts/monitoring/prometheus-rules.ts";
import { selectorsIn, type Binary, type Expression } from "../../../facts/monitoring/promql.ts";
import type { Location } from "../../../facts/source.ts";
import type { FileRule } from "../file-rule.ts";
import { folded, type Fault } from "./folding.ts";

export const alertUnitMismatch: FileRule = {
  name: "alert-unit-mismatch",
  summary: "an alert's text, its threshold and its expression use different units",
  check: (unit) =>
    monitoringIn(unit.documents, "prometheus-rules").flatMap(({ rules, file }) =>
      folded(
        file.path,
        rules.filter(({ type }) => type === "alert").flatMap((rule) => mismatches(rule)),
      ),
    ),
};

/** What an alert compares, and with which number. */
interface Comparison {
  readonly left: Expression;
  readonly op: string;
  readonly limit: number;
  readonly from: number;
}

function mismatches(rule: Rule): readonly Fault[] {
  const comparison = comparisonOf(rule.query.expression);
  if (comparison === undefined) return [];
  const wordings = [...rule.annotations.values()].filter(({ value }) => !value.includes("://"));
  for (const find of [perSecond, twiceHundred, shareAsPercent, percentOfShare, milliseconds]) {
    for (const wording of wordings) {
      const said = find(comparison, wording.value);
      if (said !== undefined) return [foundOf(rule, comparison, { ...said, at: wording.at })];
    }
  }
  return [];
}

interface Said {
  readonly message: string;
  readonly why: string;
  readonly fix: string;
}

function foundOf(
  rule: Rule,
  comparison: Comparison,
  said: Said & { readonly at: Location },
): Fault {
  const { message, why, fix, at } = said;
  return {
    severity: "warning",
    name: rule.name,
    message,
    places: [rule.locate(comparison.from), at],
    why,
    fix,
  };
}

/** `rate()` is per second; the text speaks of a minute or an hour. */
function perSecond({ left, limit }: Comparison, text: string): Said | undefined {
  const unit = /\bper (minute|hour)\b|\/\s?(min(?:ute)?|hour|h)\b/i.exec(text);
  const chinese = /每(分钟|小时)|\/\s?(分钟|小时|分)/.exec(text);
  const word = (unit ?? chinese)?.slice(1).find((part) => part !== undefined);
  if (word === undefined || !isPlainRate(left)) return undefined;
  const seconds = /^(?:h|hour|小时)$/i.test(word) ? 3600 : 60;
  return {
    message: `the rate is per second and the text says ${JSON.stringify(word)}`,
    why: `The alert waits for ${seconds} times what its text promises: it fires late, or never.`,
    fix: `Multiply by ${seconds} (\`rate(…) * ${seconds} > ${limit}\`), or say "per second".`,
  };
}

/** `* 100` in the expression, and a formatter that multiplies again. */
function twiceHundred({ left }: Comparison, text: string): Said | undefined {
  if (!isTimesHundred(left) || !/\$value\s*\|\s*humanizePercentage/.test(text)) return undefined;
  return {
    message: "the expression is in percent, and humanizePercentage multiplies by 100 again",
    why: "The page says 9500 % where 95 % is meant; whoever reads it cannot judge it.",
    fix: "Drop `* 100` and compare with a share (`> 0.95`), or print `{{ $value }}%`.",
  };
}

/** A share of 0..1 compared with a number of percent: never true, or always. */
function shareAsPercent({ left, limit, op }: Comparison, text: string): Said | undefined {
  if (limit <= 1 || limit > 100 || !isShare(left)) return undefined;
  if (!new RegExp(`(?:^|\\D)${limit}\\s?[%％]`).test(text)) return undefined;
  const outcome = op.startsWith(">") ? "never" : "always";
  return {
    message: `a share between 0 and 1 is compared with a percentage: ${outcome} true`,
    why: outcome === "never" ? "The alert can never fire." : "The alert fires for ever.",
    fix: `Compare with ${limit / 100}, or multiply the share by 100.`,
  };
}

/** A percentage compared with a share, where the text says which percentage is meant. */
function percentOfShare({ left, limit }: Comparison, text: string): Said | undefined {
  const percent = Number((limit * 100).toPrecision(6));
  if (limit <= 0 || limit >= 1 || !isTimesHundred(left)) return undefined;
  if (!new RegExp(`(?:^|[^\\d.])${String(percent).replace(".", "\\.")}\\s?[%％]`).test(text)) {
    return undefined;
  }
  return {
    message: "the expression is in percent and is compared with a share",
    why: `The alert fires at ${limit} %, long before what it was meant for.`,
    fix: `Compare with ${percent}, or drop \`* 100\`.`,
  };
}

/** A metric in seconds compared with a number of milliseconds. */
function milliseconds({ left, limit }: Comparison, text: string): Said | undefined {
  const metrics = selectorsIn(left).flatMap(({ metric }) => metric ?? []);
  const isSeconds = metrics.length > 0 && metrics.every((name) => /_seconds(?:_|$)/.test(name));
  if (!isSeconds || limit < 50 || hasFactor(left)) return undefined;
  if (!new RegExp(`(?:^|\\D)${limit}\\s?(?:ms|milliseconds|毫秒)`, "i").test(text))
    return undefined;
  return {
    message: "seconds are compared with a number of milliseconds",
    why: "The alert waits for minutes of latency: it never fires.",
    fix: `Compare with ${limit / 1000}.`,
  };
}

const COMPARISONS: ReadonlySet<string> = new Set([">", ">=", "<", "<="]);

function comparisonOf(expression: Expression): Comparison | undefined {
  if (expression.type !== "binary") return undefined;
  const { op, left, right, from } = expression;
  if (op === "and" || op === "unless") return comparisonOf(left);
  if (!COMPARISONS.has(op) || right.type !== "number") return undefined;
  return { left, op, limit: right.value, from };
}

/** Sums and the like of a rate, and nothing that would make another unit of it. */
function isPlainRate(expression: Expression): boolean {
  switch (expression.type) {
    case "aggregation":
      return expression.operation !== "count" && expression.arguments.some(isPlainRate);
    case "call":
      return expression.name === "rate" || expression.name === "irate";
    case "binary":
    case "modified":
    case "selector":
    case "number":
    case "string":
    case "unknown":
      return false;
  }
}

function isTimesHundred(expression: Expression): boolean {
  return expression.type === "binary" && expression.op === "*" && factorOf(expression) === 100;
}

function factorOf({ left, right }: Binary): number | undefined {
  if (right.type === "number") return right.value;
  return left.type === "number" ? left.value : undefined;
}

/** `a / b` and `1 - a / b` of the same unit: a share, as far as the names tell. */
function isShare(expression: Expression): boolean {
  if (expression.type !== "binary") return false;
  const { op, left, right } = expression;
  if (op === "-" && left.type === "number" && left.value === 1) return isShare(right);
  if (op !== "/") return false;
  const above = selectorsIn(left).map(({ metric }) => metric);
  const below = selectorsIn(right).map(({ metric }) => metric);
  const unitOf = (name: string | undefined): string | undefined =>
    /_(bytes|total|seconds|requests|connections|count)(?:_total)?$/.exec(name ?? "")?.[1];
  const units = new Set([...above, ...below].map(unitOf));
  return above.length > 0 && below.length > 0 && units.size === 1 && !hasFactor(left);
}

function hasFactor(expression: Expression): boolean {
  if (expression.type !== "binary") return false;
  return factorOf(expression) !== undefined || hasFactor(expression.left);
}
