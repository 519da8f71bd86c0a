import type { Graph, ServiceUnit } from "../plan/graph.ts";
import type { PlanStep } from "../plan/plan.ts";
import { type Strategy, strategyOf } from "../plan/strategy.ts";
import type { JournalledChange } from "../record/journal.ts";
import type { ReleaseId } from "../record/release.ts";
import type { Observed } from "../targets/target.ts";
import type { Goal } from "./goal.ts";
import { unitIn } from "./look.ts";

/** Limits for a unit that is no longer declared, so that nothing says its own. */
const UNDECLARED = { bootMs: 60_000, drainMs: 10_000, stopMs: 30_000 };
/** Start, switch, observing and a busy machine, for each instance. */
const OVERHEAD_MS = 30_000;

/** What a planned change means for one unit, and where it goes back to. */
export function goalOf(step: PlanStep, unit: ServiceUnit, known: Known): Goal {
  const seen = unitIn(known.observed, unit.name);
  const to = step.to ?? step.from;
  const from = wayBack(step, to, seen.committed);
  // An interrupted run leaves more or fewer than were wanted: what was declared counts.
  const first = known.unended.find((change) => change.from === from);
  const wanted = first?.replicasBefore ?? seen.scaleOverride ?? seen.desired;
  const before = from === undefined ? 0 : wanted > 0 ? wanted : step.replicas.from;
  const replicas = { from: before, to: step.replicas.to };
  const proved = [seen.committed, seen.previous, ...known.proved];
  const proof = proofOf(step, { from, to, known: proved });
  const takeover = { from, to, replicas, isJudged: proof === "bake", renews: step.renewFrom };
  return {
    unit: unit.name,
    from,
    to,
    replicas,
    strategy: strategyFor(unit, takeover),
    renewFrom: step.renewFrom,
    limits: { bootMs: unit.bootMs, drainMs: unit.drainMs, stopMs: unit.stopMs },
    proof,
  };
}

/** What takes nothing over is done one instance after the other, whatever is declared. */
function strategyFor(
  { rollout }: ServiceUnit,
  takeover: Pick<Goal, "from" | "to" | "replicas"> & {
    readonly isJudged: boolean;
    readonly renews: number | undefined;
  },
): Strategy {
  const { from, to, replicas, isJudged, renews } = takeover;
  const isTakeover = from !== to || renews !== undefined;
  const strategy = isTakeover ? rollout.strategy : "rolling";
  const settings = { ...rollout, strategy };
  return strategyOf({ settings, replicas, isFirst: from === undefined, isJudged });
}

/** What is there, and what runs that died since the last end meant to do with the unit. */
export interface Known {
  readonly observed: Observed;
  readonly unended: readonly JournalledChange[];
  /** Beside what serves and what did before it: needs no proof. */
  readonly proved: readonly ReleaseId[];
}

/** Empties a unit: nothing to prove and nothing to go back to. */
export function emptyingOf(name: string, graph: Graph | undefined): Goal {
  const unit = graph?.units.find((one) => one.name === name);
  const limits = unit?.kind === "service" ? unit : UNDECLARED;
  return {
    unit: name,
    from: undefined,
    to: undefined,
    replicas: { from: 0, to: 0 },
    strategy: { surge: 1, warm: 0, shares: [], atOnce: false },
    renewFrom: undefined,
    limits: { bootMs: limits.bootMs, drainMs: limits.drainMs, stopMs: limits.stopMs },
    proof: "none",
  };
}

/** A backstop far above any step's own deadline: one instance after the other, all of it slow. */
export function deadlineMsOf(goal: Goal): number {
  const { bootMs, drainMs, stopMs } = goal.limits;
  const instances = 1 + Math.max(goal.replicas.from, goal.replicas.to);
  return instances * (bootMs + drainMs + stopMs + OVERHEAD_MS);
}

/**
 * The committed release, where that is another one: what a run that died left serving may be the
 * very release that never passed its bake.
 */
function wayBack(
  step: PlanStep,
  to: string | undefined,
  committed: string | undefined,
): string | undefined {
  if (step.action === "create") return undefined;
  if (step.action === "scale") return step.from;
  return committed !== undefined && committed !== to ? committed : step.from;
}

/** A release that was committed before has its proof; so does one that nothing came before. */
function proofOf(
  step: PlanStep,
  releases: {
    readonly from: string | undefined;
    readonly to: string | undefined;
    readonly known: readonly (string | undefined)[];
  },
): Goal["proof"] {
  if (step.action === "scale") return "none";
  const { from, to, known } = releases;
  const hasWayBack = from !== undefined && from !== to;
  return hasWayBack && !known.includes(to) ? "bake" : "readiness";
}
