import { deadline } from "@seaworthy/std/clock";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { DrillName, Tier } from "../drills/catalogue.ts";
import { runDrill } from "../drills/drill.ts";
import { undoLeftovers } from "../drills/leftovers.ts";
import { DrillRefused } from "../drills/request.ts";
import { startLoad } from "../load/client.ts";
import { diff } from "../plan/diff.ts";
import type { JobUnit, ServiceUnit, UnitName } from "../plan/graph.ts";
import { restartPlan } from "../plan/restart.ts";
import type { Evidence } from "../record/evidence.ts";
import { readRecords } from "../record/read.ts";
import type { RolloutOutcome } from "../rollout/outcome.ts";
import type { ConvergeRequest } from "../rollout/request.ts";
import { converge } from "../rollout/run.ts";
import { withScale } from "./converge-verb.ts";
import type { Context } from "./context.ts";
import { describeReleases, releasesOf } from "./describe-releases.ts";
import { EXIT, isLeftBroken } from "./exit.ts";
import { Refusal } from "./failure.ts";
import { takeFailureDomain } from "./failure-domain.ts";
import { recordFolder } from "./local-options.ts";
import type { OpenSystem } from "./open-system.ts";
import { rawFolder } from "./raw-samples.ts";
import type { Operation } from "./operation.ts";

const OBSERVE_MS = 10_000;

export interface DrillsRequest {
  readonly drills: readonly DrillName[];
  /** By schedule: what may not run now waits, and nothing is wrong with that. */
  readonly isDue: boolean;
  readonly system: OpenSystem;
  readonly operation: Operation;
  readonly context: Context;
  readonly seed: number;
  readonly runs: number;
  readonly unit: string | undefined;
  readonly tierMax: Tier;
  readonly allowOutage: boolean;
}

/** What was drilled, and what was not and why. */
export interface Drilled {
  readonly evidence: readonly Evidence[];
  readonly skipped: readonly SkippedDrill[];
}

export interface SkippedDrill {
  readonly drill: DrillName;
  readonly because: string;
  /** How to have it after all, where there is a way. */
  readonly fix?: string;
  /** It is due, and waits for the end of a blackout, or for enough of the budget. */
  readonly waits?: true;
}

/**
 * One drill after the other; each leaves its evidence in the record before the next begins. What
 * is not undone or not whole again ends them all: nothing more is broken then.
 * Throws `Refusal` where the only drill that was asked for is not allowed.
 */
export async function runDrills(request: DrillsRequest): Promise<Drilled> {
  await using _domain = await takeFailureDomain(request.system, request.context);
  await undoLeftovers(request.operation);
  const evidence: Evidence[] = [];
  const skipped: SkippedDrill[] = [];
  for (const drill of request.drills) {
    const because = stopBefore(request, evidence);
    if (because !== undefined) {
      skipped.push({ drill, because });
      continue;
    }
    const played = await playOne(drill, request);
    if (played.ok) evidence.push(...played.value);
    else skipped.push(played.error);
  }
  return { evidence, skipped };
}

function stopBefore(request: DrillsRequest, sofar: readonly Evidence[]): string | undefined {
  if (request.context.interrupts.stopRequested()) return "stopped by the operator";
  const broken = sofar.find(isLeftBroken);
  if (broken === undefined) return undefined;
  return `${broken.drill} left something broken: ${broken.leftBroken?.join("; ") ?? "not undone"}`;
}

async function playOne(
  drill: DrillName,
  request: DrillsRequest,
): Promise<Result<readonly Evidence[], SkippedDrill>> {
  try {
    const evidence = await runOne(drill, request);
    for (const one of evidence) await request.operation.target.store.append("evidence", one);
    return ok(evidence);
  } catch (error) {
    if (!(error instanceof DrillRefused)) throw error;
    const skipped = { drill, because: error.message, fix: error.fix };
    if (request.isDue && error.waits) return refuse({ ...skipped, waits: true });
    if (request.drills.length === 1) throw asRefusal(error);
    return refuse(skipped);
  }
}

async function runOne(name: DrillName, request: DrillsRequest): Promise<readonly Evidence[]> {
  const { operation, system, context } = request;
  const { target, lease } = operation;
  const record = await recordFolder(system, context);
  const { raw, scratch } = await rawFolder(record, `${operation.id}-${name}`);
  const observed = await target.observe(
    deadline(OBSERVE_MS, "looking at what runs", operation.signal),
  );
  return await runDrill({
    name,
    unit: request.unit,
    target,
    lease,
    parsed: system.parsed,
    graph: withScale(system.graph, observed),
    startLoad: context.startLoad ?? startLoad(context.ownCommand, context.clock),
    roll: (unit, signal, job) => rollTo(unit, { signal, scratch, request, job }),
    restart: (unit, signal) => restartOf(unit, { signal, scratch, request, job: undefined }),
    ownCommand: context.ownCommand,
    clock: context.clock,
    seed: request.seed,
    runs: request.runs,
    isDue: request.isDue,
    tierMax: request.tierMax,
    allowOutage: request.allowOutage,
    operation: operation.id,
    scratch,
    raw,
    emit: operation.emit,
    stopRequested: context.interrupts.stopRequested,
    signal: operation.signal,
  });
}

interface Roll {
  readonly signal: AbortSignal;
  readonly scratch: string;
  readonly request: DrillsRequest;
  readonly job: JobUnit | undefined;
}

/** A real roll of one unit to what this definition of it is now made of, as `deploy` does it. */
async function rollTo(unit: ServiceUnit, roll: Roll): Promise<RolloutOutcome> {
  const { operation, system } = roll.request;
  const { target } = operation;
  const units = system.graph.units.filter((other) => other.kind !== "job");
  const jobs = roll.job === undefined ? [] : [roll.job];
  const graph = {
    ...system.graph,
    units: [...jobs, ...units.map((other) => (other.name === unit.name ? unit : other))],
  };
  const releases = await describeReleases(graph, target, roll.signal);
  const observed = await target.observe(deadline(OBSERVE_MS, "looking at what runs", roll.signal));
  const plan = diff({
    graph,
    observed,
    releases: releasesOf(releases),
    provenObjectives: [],
    narrowTo: [...jobs, unit].map(({ name }) => name),
  });
  return await convergeIn(roll, { graph, plan, releases });
}

/** As `restart` does it: what runs is what is defined on the target, and stays so. */
async function restartOf(unit: UnitName, roll: Roll): Promise<RolloutOutcome> {
  const { operation, system } = roll.request;
  const { target } = operation;
  const observed = await target.observe(deadline(OBSERVE_MS, "looking at what runs", roll.signal));
  const graph = observed.graph ?? system.graph;
  const journal = await readRecords(target.store, "journal");
  const plan = restartPlan({ graph, observed, services: [unit], journal });
  if (plan.ok) return await convergeIn(roll, { graph, plan: plan.value, releases: new Map() });
  const nothing = { units: [], seconds: 0, probe: undefined, serving: "", detail: [] };
  return { outcome: "refused", because: plan.error, ...nothing };
}

/** Under the drill's own lease, and not judged by a probe: the drill's load does that. */
async function convergeIn(
  roll: Roll,
  what: Pick<ConvergeRequest, "graph" | "plan" | "releases">,
): Promise<RolloutOutcome> {
  const { operation, context } = roll.request;
  return await converge({
    ...what,
    target: operation.target,
    lease: operation.lease,
    operation: operation.id,
    verb: "drill",
    clock: context.clock,
    emit: operation.emit,
    commits: false,
    startLoad: undefined,
    scratch: roll.scratch,
    signal: roll.signal,
    // The drill itself heeds the first Ctrl-C; stopping its roll back would leave it undone.
    stopRequested: () => false,
    inconclusive: async () => "go-back",
  });
}

function asRefusal(refused: DrillRefused): Refusal {
  const code = refused.code === "no-such-unit" ? EXIT.usage : EXIT.refused;
  return new Refusal(code, refused.message, { fix: refused.fix, cause: refused });
}
