import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import {
  expressionsIn,
  type Binary,
  type Expression,
  type Selector,
} from "../../../facts/monitoring/promql.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule } from "../file-rule.ts";
import { folded, type Fault } from "./folding.ts";

export const alertThresholdNonsense: FileRule = {
  name: "alert-threshold-nonsense",
  summary: "an alert that is always or never true by construction",
  check: (unit) =>
    monitoringIn(unit.documents, "prometheus-rules").flatMap(({ rules, file }) =>
      folded(
        file.path,
        rules
          .filter(({ type }) => type === "alert")
          .flatMap(({ name, query, locate }) =>
            divisionsIn(query.expression).flatMap((division) =>
              DIVISORS.flatMap((divisor): Fault[] => {
                if (!divides(division, divisor) || isGuarded(query.expression, divisor)) return [];
                if (divisor.isSafe?.(unit) === true) return [];
                const { message, why, fix } = divisor;
                const places: Fault["places"] = [locate(division.from)];
                return [{ name, severity: "warning", places, message, why, fix }];
              }),
            ),
          ),
      ),
    ),
};

/** A limit that is no number to divide by. */
interface Divisor {
  readonly metric: string;
  /** Where summing the limits first makes the share meaningful. */
  readonly isMendedBySum: boolean;
  readonly message: string;
  readonly why: string;
  readonly fix: string;
  readonly isSafe?: (unit: Unit) => boolean;
}

const DIVISORS: readonly Divisor[] = [
  {
    // github.com/google/cadvisor v0.49 metrics/prometheus.go: 0 where no limit is set.
    metric: "container_spec_memory_limit_bytes",
    isMendedBySum: false,
    message: "containers without a memory limit have the limit 0: the share is +Inf, always true",
    why: "The alert fires for every container without a limit, for ever, and is silenced.",
    fix: "Divide by `(container_spec_memory_limit_bytes > 0)`.",
    // On Kubernetes the pause container of each pod has none, whatever the manifests say.
    isSafe: (unit) => {
      const components = unit.facts.of("component");
      return (
        components.length > 0 &&
        components.every((each) => each.platform === "compose" && each.memoryLimitBytes)
      );
    },
  },
  {
    // java.lang.management.MemoryUsage#getMax: -1 where it is undefined, as G1's young pools are.
    metric: "jvm_memory_max_bytes",
    isMendedBySum: true,
    message: "each heap pool is divided by its own maximum, which is -1 for most pools under G1",
    why: [
      "The share of Eden and Survivor is negative and never true; the one of the old generation",
      "is high in good health. The heap that is full is not seen.",
    ].join(" "),
    fix: 'Sum first: `sum by (instance) (jvm_memory_used_bytes{area="heap"}) / sum by …`.',
  },
  {
    // redis.io/docs/latest/operate/oss_and_stack/management/config: maxmemory 0 is no limit.
    metric: "redis_memory_max_bytes",
    isMendedBySum: false,
    message: "Redis without maxmemory reports the limit 0: the share is +Inf, always true",
    why: "The alert fires for ever, and is silenced before the memory is really full.",
    fix: "Set `maxmemory`, or divide by `(redis_memory_max_bytes > 0)`.",
    isSafe: (unit) =>
      unit.repository.documents.tree.files.some(
        ({ text, path }) => !/\.(?:md|json)$/.test(path) && /maxmemory[\s"',]+\S*\d/.test(text),
      ),
  },
  {
    // nodejs.org/api/v8.html: total_heap_size is what V8 has taken so far, not what it may take.
    metric: "nodejs_heap_size_total_bytes",
    isMendedBySum: false,
    message: "the heap's total grows and shrinks with its use: the share is near 1 in good health",
    why: "V8 takes memory as it needs it. The alert fires on healthy processes and says nothing.",
    fix: "Compare with the real limit (`--max-old-space-size`), or watch process_resident_memory.",
  },
];

function divisionsIn(expression: Expression): readonly Binary[] {
  return [...expressionsIn(expression)].flatMap((part) =>
    part.type === "binary" && part.op === "/" ? [part] : [],
  );
}

function divides({ right, left }: Binary, { metric, isMendedBySum }: Divisor): boolean {
  const below = limitOf(right, isMendedBySum);
  // One pool or one container was chosen: whoever did that knows its limit.
  if (below?.metric !== metric || below.matchers.some(isChoice)) return false;
  return limitOf(left, false) !== undefined;
}

/** `… and limit > 0`: the series without a limit are left out elsewhere in the expression. */
function isGuarded(expression: Expression, { metric }: Divisor): boolean {
  return [...expressionsIn(expression)].some(
    (part) =>
      part.type === "binary" &&
      (part.op === ">" || part.op === "!=") &&
      part.right.type === "number" &&
      limitOf(part.left, false)?.metric === metric,
  );
}

function isChoice({ name, op }: Selector["matchers"][number]): boolean {
  return op === "=" && ["id", "name", "container"].includes(name);
}

/** The selector under aggregations; undefined where a comparison or a sum was put between. */
function limitOf(expression: Expression, isBare: boolean): Selector | undefined {
  if (expression.type === "selector") return expression;
  if (isBare) return undefined;
  if (expression.type === "aggregation" || expression.type === "call") {
    const last = expression.arguments.at(-1);
    return last === undefined ? undefined : limitOf(last, false);
  }
  return undefined;
}
