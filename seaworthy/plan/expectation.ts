import type { Graph, ServiceUnit, Unit } from "./graph.ts";
import type { Plan, PlanAction, PlanStep } from "./plan.ts";
import { strategyOf, watchedMs } from "./strategy.ts";

/** What a start usually takes, for the estimate; the declared `boot` is a limit, not a guess. */
const BOOT_GUESS_MS = 2_000;
/** What draining usually takes: requests end long before their deadline. */
const DRAIN_GUESS_MS = 1_000;
const STOP_GUESS_MS = 500;
const JOB_GUESS_MS = 10_000;
/** Start, switch, observing and a busy machine, for each instance. */
const OVERHEAD_MS = 30_000;
const CONFIGURE_MS = 60_000;
/** What the rollout starts side by side (`rolling.ts`). */
const STARTS_AT_ONCE = 4;
/** For a unit that is no longer declared, so that nothing says its own limits. */
const UNDECLARED = { bootMs: 60_000, drainMs: 10_000, stopMs: 30_000 };

/** A backstop far above any single deadline: one instance after the other, all of it slow. */
export function stepDeadlineMs(
  action: PlanAction,
  unit: Unit | undefined,
  instances: number,
): number {
  if (unit?.kind === "job") return unit.deadlineMs + OVERHEAD_MS;
  if (action === "configure" || unit?.kind === "edge") return CONFIGURE_MS;
  const { bootMs, drainMs, stopMs } = unit ?? UNDECLARED;
  const isWatched = unit !== undefined && (action === "roll" || action === "repair");
  const bakesMs = isWatched ? watchedMs(unit.rollout) : 0;
  return (instances + 1) * (bootMs + drainMs + stopMs + OVERHEAD_MS) + bakesMs;
}

/** What a plan costs. Seconds are an estimate from usual times, not a promise. */
export function expectationOf(steps: readonly PlanStep[], graph: Graph): Plan["expect"] {
  const units = new Map(graph.units.map((unit) => [unit.name, unit]));
  const rolls = steps.flatMap((step) => {
    const unit = units.get(step.unit);
    return unit?.kind === "service" ? [{ step, unit }] : [];
  });
  const extra = rolls.map(({ step, unit }) => extraInstances(step, unit));
  const lost = rolls.map(({ step, unit }) => lostBy(step, unit, graph));
  const took = steps.map((step) => guessMs(step, units.get(step.unit)));
  return {
    failedRequests: lost.reduce((sum, each) => sum + each, 0),
    extraInstances: Math.max(0, ...extra),
    seconds: Math.round(took.reduce((sum, each) => sum + each, 0) / 1_000),
  };
}

/** Instances beyond the wanted number while this step is done. */
export function extraInstances({ action, replicas }: PlanStep, unit: ServiceUnit): number {
  switch (action) {
    case "roll":
    case "restart": {
      const isJudged = action === "roll";
      return strategyOf({ settings: unit.rollout, replicas, isFirst: false, isJudged }).surge;
    }
    case "repair":
      return Math.max(1, unit.rollout.surge);
    case "create":
    case "scale":
    case "configure":
    case "run-job":
    case "remove":
      return 0;
    default:
      return action satisfies never;
  }
}

/**
 * An instance that leaves the routes loses nothing while draining lasts as long as a request may.
 * Otherwise at least one request or stream for each instance may be cut.
 */
function lostBy(step: PlanStep, unit: ServiceUnit, graph: Graph): number {
  const ends = stoppedBy(step);
  if (ends === 0) return 0;
  const routes = (graph.edge?.routes ?? []).filter(({ to }) => to === unit.name);
  const longestTryMs = Math.max(0, ...routes.map(({ tryTimeoutMs }) => tryTimeoutMs));
  return unit.drainMs >= longestTryMs && unit.rollout.surge >= 1 ? 0 : ends;
}

function stoppedBy({ action, replicas }: PlanStep): number {
  if (action === "roll" || action === "restart") return replicas.from;
  return action === "scale" ? Math.max(0, replicas.from - replicas.to) : 0;
}

function guessMs(step: PlanStep, unit: Unit | undefined): number {
  if (unit?.kind === "job")
    return step.action === "run-job" ? Math.min(JOB_GUESS_MS, unit.deadlineMs) : 0;
  if (unit?.kind === "edge" || step.action === "configure") return STOP_GUESS_MS;
  const limits = unit ?? UNDECLARED;
  const boot = Math.min(BOOT_GUESS_MS, limits.bootMs);
  const end = Math.min(DRAIN_GUESS_MS, limits.drainMs) + Math.min(STOP_GUESS_MS, limits.stopMs);
  const { from, to } = step.replicas;
  switch (step.action) {
    case "create":
      return to * boot;
    case "scale":
      return to > from ? (to - from) * boot : (from - to) * end;
    case "remove":
      return from * end;
    case "roll":
      return (
        takeoverMs(unit, step, { boot, end }) + (unit === undefined ? 0 : watchedMs(unit.rollout))
      );
    case "restart":
      return takeoverMs(unit, step, { boot, end });
    case "repair":
      return Math.max(from, to) * (boot + end) + (unit?.rollout.bakeMs ?? 0);
    case "run-job":
      return 0;
    default:
      return step.action satisfies never;
  }
}

/** One instance after the other; blue-green starts some side by side and ends all at once. */
function takeoverMs(
  unit: ServiceUnit | undefined,
  { replicas }: PlanStep,
  { boot, end }: { readonly boot: number; readonly end: number },
): number {
  const { from, to } = replicas;
  if (unit?.rollout.strategy === "blue-green") return Math.ceil(to / STARTS_AT_ONCE) * boot + end;
  return Math.max(from, to) * (boot + end);
}
