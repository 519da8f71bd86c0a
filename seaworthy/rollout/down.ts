import { timestamp } from "@seaworthy/std/clock";
import type { Graph, UnitName } from "../plan/graph.ts";
import type { Observed, ObservedUnit } from "../targets/target.ts";
import { endLeftover } from "./end-leftover.ts";
import { removeUnit } from "./fleet.ts";
import { emptyingOf } from "./goals.ts";
import { observe } from "./look.ts";
import type { RolloutOutcome } from "./outcome.ts";
import type { End } from "./request.ts";
import { servingLine } from "./serving.ts";
import { Interrupted, interruption, openSteps, type Operation } from "./steps.ts";
import type { Roller } from "./unit-roll.ts";

export interface DownRequest extends Operation {
  /** For the order and the limits; undefined when the declaration can no longer be read. */
  readonly graph: Graph | undefined;
  /** The data too: only after every unit is gone. */
  readonly deleteVolumes: boolean;
}

/**
 * Stops everything: each service leaves the routes, drains and stops, those that need others
 * first; the edge last, so that it answers until nothing is left to ask. Volumes stay unless
 * `deleteVolumes`. Cut short, it is simply run again.
 */
export async function takeDown(request: DownRequest): Promise<RolloutOutcome> {
  const { clock, emit } = request;
  const began = clock.now();
  let end: End;
  try {
    end = await down(request);
  } catch (error) {
    end = endOfError(request, error);
  }
  const tookMs = clock.now() - began;
  emit({ kind: "operation-ended", outcome: end.outcome, because: end.because, tookMs });
  const looking = { ...request, signal: new AbortController().signal };
  return {
    outcome: end.outcome,
    because: end.because,
    units: [],
    seconds: tookMs / 1_000,
    probe: undefined,
    serving: await servingLine(looking, [], true),
    detail: end.detail ?? [],
  };
}

/** Services that need others before those they need; then jobs; the edge at the very end. */
function downOrder(observed: Observed, graph: Graph | undefined): readonly ObservedUnit[] {
  const needs = new Map<UnitName, readonly UnitName[]>();
  for (const unit of graph?.units ?? []) {
    if (unit.kind !== "edge") needs.set(unit.name, unit.needs);
  }
  const rank = { service: 0, job: 1, edge: 2 } as const;
  return observed.units.toSorted(
    (a, b) => rank[a.kind] - rank[b.kind] || depthOf(b.name, needs) - depthOf(a.name, needs),
  );
}

/** How long the longest chain of needs below a unit is; a circle counts once. */
function depthOf(
  name: UnitName,
  needs: ReadonlyMap<UnitName, readonly UnitName[]>,
  above: readonly UnitName[] = [],
): number {
  if (above.includes(name)) return 0;
  const below = needs.get(name) ?? [];
  return Math.max(0, ...below.map((other) => 1 + depthOf(other, needs, [...above, name])));
}

async function down(request: DownRequest): Promise<End> {
  const observed = await observe(request);
  const order = downOrder(observed, request.graph);
  if (order.length === 0 && !request.deleteVolumes) {
    await endLeftover(request);
    return { outcome: "nothing-to-do", because: "" };
  }
  const plan = order.map((unit) => `remove ${unit.name}`);
  request.emit({ kind: "operation-started", verb: "down", plan });
  const steps = openSteps(request);
  const { operation, clock } = request;
  const at = timestamp(clock);
  await steps.journal({ entry: "begin", operation, verb: "down", at, changes: [] });
  const roller: Roller = {
    ...request,
    steps,
    startLoad: undefined,
    scratch: "",
    stopRequested: () => false,
  };
  const end = await removeAll(request, roller, order);
  const { outcome, because } = end;
  await steps.journal({ entry: "end", operation, at: timestamp(clock), outcome, because });
  return end;
}

async function removeAll(
  request: DownRequest,
  roller: Roller,
  order: readonly ObservedUnit[],
): Promise<End> {
  for (const unit of order) {
    if (unit.kind === "service") {
      const failure = await removeUnit(roller, emptyingOf(unit.name, request.graph));
      if (failure !== undefined) return failure;
      continue;
    }
    const result = await roller.steps.run({ action: "remove", unit: unit.name });
    if (result.outcome === "failed") return { ...result, outcome: "not-rolled-back" };
  }
  if (!request.deleteVolumes)
    return { outcome: "done", because: "everything is stopped; data stays" };
  const result = await roller.steps.run({ action: "delete-volumes" });
  if (result.outcome === "failed") return { ...result, outcome: "not-rolled-back" };
  return { outcome: "done", because: "everything is stopped and its volumes are deleted" };
}

function endOfError(request: DownRequest, error: unknown): End {
  if (error instanceof Interrupted || request.signal.aborted) {
    const why = error instanceof Interrupted ? error : interruption(request, error);
    return { outcome: "interrupted", because: `${why.message}; run down again to finish it` };
  }
  const text = error instanceof Error ? error.message : String(error);
  return { outcome: "not-rolled-back", because: `${text}; run down again to finish it` };
}
