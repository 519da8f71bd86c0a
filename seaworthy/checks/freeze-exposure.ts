import { formatDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import type { ServiceUnit } from "../plan/graph.ts";
import type { Finding } from "../system/finding.ts";
import type { Objectives, Route } from "../system/system.ts";
import type { Rule } from "./rule.ts";

interface Promised {
  readonly name: "p95" | "p99";
  readonly limitMs: number;
  /** Share of requests that may be slower. */
  readonly share: number;
}

/**
 * A frozen instance takes its share of the requests until its ready check has failed `fall`
 * times; each waits at least one try. More of them than a percentile forgives, and it is missed.
 */
export const freezeExposure: Rule = {
  name: "freeze-exposure",
  check: ({ parsed, graph }) => {
    const { objectives, drills } = parsed.system;
    return (graph.edge?.routes ?? []).flatMap((route) => {
      const unit = graph.units.find(({ name }) => name === route.to);
      if (unit?.kind !== "service" || unit.replicas < 2) return [];
      const slow = slowShare(unit, drills.windowMs);
      const missed = promised(objectives).find(
        ({ limitMs, share }) => route.tryTimeoutMs > limitMs && slow > share,
      );
      return missed === undefined ? [] : [finding(unit, route, { missed, slow })];
    });
  },
};

function promised({ latencyP95Ms, latencyP99Ms }: Objectives): readonly Promised[] {
  const p95 = { name: "p95", limitMs: latencyP95Ms ?? Infinity, share: 0.05 } as const;
  const p99 = { name: "p99", limitMs: latencyP99Ms ?? Infinity, share: 0.01 } as const;
  return [p95, p99];
}

/** Worst case: frozen right after a passed probe. */
function detectionMs({ ready }: ServiceUnit): number {
  return ready.everyMs * ready.fall + ready.timeoutMs;
}

function slowShare(unit: ServiceUnit, windowMs: number): number {
  return Math.min(1, detectionMs(unit) / windowMs) / unit.replicas;
}

function finding(
  unit: ServiceUnit,
  route: Route,
  { missed, slow }: { readonly missed: Promised; readonly slow: number },
): Finding {
  const detection = formatDuration(detectionMs(unit));
  const limit = formatDuration(missed.limitMs);
  const share = humanPercent(Number(slow.toPrecision(2)));
  return {
    rule: "freeze-exposure",
    severity: "warning",
    message:
      `a frozen \`${unit.name}\` is noticed after up to ${detection}: ${share} of the requests ` +
      `on \`${route.prefix}\` wait ${formatDuration(route.tryTimeoutMs)} or more, ` +
      `and ${missed.name} is promised as ${limit}`,
    places: [
      { path: `services.${unit.name}.ready` },
      { path: `objectives.latency.${missed.name}` },
    ],
    why: "A frozen instance accepts connections and answers nothing; only its checks tell.",
    fix:
      "Ask more often (ready: every, timeout, fall), add replicas, " +
      "or shorten the route's tryTimeout.",
  };
}
