import { mkdir, rm } from "node:fs/promises";
import { deadline } from "@seaworthy/std/clock";
import { undoLeftovers } from "../drills/leftovers.ts";
import { startLoad } from "../load/client.ts";
import { diff } from "../plan/diff.ts";
import type { Graph, UnitName } from "../plan/graph.ts";
import type { Plan } from "../plan/plan.ts";
import { planText } from "../plan/render.ts";
import { evidenceObjectives } from "../drills/objectives.ts";
import { readEvidence } from "./records.ts";
import { readRecords } from "../record/read.ts";
import type { Step } from "../record/step.ts";
import type { RolloutOutcome } from "../rollout/outcome.ts";
import { converge } from "../rollout/run.ts";
import type { Observed, Target } from "../targets/target.ts";
import type { Context } from "./context.ts";
import { type Described, describeReleases, releasesOf } from "./describe-releases.ts";
import { EXIT, exitForOutcome } from "./exit.ts";
import { Refusal } from "./failure.ts";
import { rollScratch } from "./local-options.ts";
import { beginOperation, type Operation } from "./operation.ts";
import { outcomeJson, outcomeText } from "./outcome-text.ts";
import { openTarget } from "./open-target.ts";
import { type OpenSystem, subject } from "./open-system.ts";
import { painter } from "./paint.ts";
import type { Invocation } from "./verb.ts";

/** Observing asks a socket and reads /proc: seconds mean that something hangs. */
const OBSERVE_MS = 10_000;

/** What a verb makes of the world: a graph, which units, and whether this plan may be done. */
export interface Intent {
  readonly verb: string;
  readonly graph: Graph;
  readonly narrowTo: readonly UnitName[] | undefined;
  /** `up` drops what `scale` set; every other verb keeps it. */
  readonly keepsScale: boolean;
  /** Steps after a convergence that was done: what `scale` leaves on the target. */
  readonly afterwards?: (observed: Observed) => readonly Step[];
  /** Replaces the described releases, where a verb goes to a known one (rollback). */
  readonly releases?: (
    observed: Observed,
    target: Target,
  ) => Promise<ReadonlyMap<UnitName, Described>>;
  /** Replaces the comparison of declaration and world, where a verb makes a plan of its own. */
  readonly world?: (target: Target, signal: AbortSignal) => Promise<World>;
  /** Throws `Refusal` where this plan is not this verb's business. */
  readonly approve: (plan: Plan, target: Target) => Promise<void>;
}

/** Plans and converges under one lease; prints the outcome; resolves to the exit code. */
export async function convergeVerb(
  intent: Intent,
  system: OpenSystem,
  invocation: Invocation,
): Promise<number> {
  const { context, options } = invocation;
  await using target = disposable(await openTarget(system, context));
  if (options.dryRun === true) return await dryRun(intent, { system, target, invocation });
  if (options.json !== true && options.quiet !== true) {
    context.terminal.say(`${subject(system)} · ${intent.verb}\n`);
  }
  await using operation = await beginOperation(intent.verb, target, invocation);
  await undoLeftovers(operation);
  const outcome = await convergeUnder(operation, intent, { system, invocation });
  if (options.json === true) {
    context.terminal.out(`${JSON.stringify(outcomeJson(outcome))}\n`);
  } else {
    context.terminal.say(outcomeText(outcome, context.terminal));
    if (exitForOutcome(outcome.outcome) === EXIT.done) await sayEdge(target, context);
  }
  return exitForOutcome(outcome.outcome);
}

/** Where to send a request: the first thing one wants to know after an `up`. */
async function sayEdge(target: Target, context: Context): Promise<void> {
  const limit = deadline(OBSERVE_MS, "looking at the edge", context.interrupts.abort);
  const { edge } = await target.observe(limit);
  for (const address of edge?.addresses ?? []) context.terminal.say(`edge ${address}\n`);
}

interface Setting {
  readonly system: OpenSystem;
  readonly invocation: Invocation;
}

async function convergeUnder(
  operation: Operation,
  intent: Intent,
  setting: Setting,
): Promise<RolloutOutcome> {
  const { context } = setting.invocation;
  const { target, lease } = operation;
  const world = await worldFor(intent, target, operation.signal);
  await intent.approve(world.plan, target);
  const scratch = await rollScratch(setting.system, context);
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  try {
    return await converge({
      target,
      lease,
      graph: world.graph,
      plan: world.plan,
      releases: world.releases,
      operation: operation.id,
      verb: intent.verb,
      clock: context.clock,
      emit: operation.emit,
      commits: true,
      afterwards: intent.afterwards?.(world.observed) ?? [],
      accepted: acceptedRules(setting.invocation.options),
      startLoad: context.startLoad ?? startLoad(context.ownCommand, context.clock),
      scratch,
      signal: operation.signal,
      stopRequested: context.interrupts.stopRequested,
      inconclusive: (unit, because) => keepOrGoBack(`${unit}: ${because}`, context),
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function worldFor(intent: Intent, target: Target, signal: AbortSignal): Promise<World> {
  return (await intent.world?.(target, signal)) ?? (await planFor(intent, target, signal));
}

/** What would be done, from what is seen now. Reads only. */
export async function planFor(
  intent: Pick<Intent, "graph" | "narrowTo" | "releases" | "keepsScale">,
  target: Target,
  signal: AbortSignal,
): Promise<World> {
  const observed = await target.observe(deadline(OBSERVE_MS, "looking at what runs", signal));
  const scaled = intent.keepsScale ? withScale(intent.graph, observed) : intent.graph;
  const graph =
    intent.narrowTo === undefined ? scaled : narrowed(scaled, intent.narrowTo, observed);
  const releases =
    intent.releases === undefined
      ? await describeReleases(graph, target, signal)
      : await intent.releases(observed, target);
  const evidence = observed.exists ? await readEvidence(target.store) : [];
  const recorded = observed.exists ? await readRecords(target.store, "release") : [];
  const plan = diff({
    graph,
    observed,
    releases: releasesOf(releases),
    known: new Map(recorded.map((release) => [release.id, release])),
    provenObjectives: evidenceObjectives(evidence),
    ...(intent.narrowTo === undefined ? {} : { narrowTo: intent.narrowTo }),
  });
  return { plan, releases, observed, graph };
}

export interface World {
  readonly plan: Plan;
  readonly graph: Graph;
  readonly releases: ReadonlyMap<UnitName, Described>;
  readonly observed: Observed;
}

export function withScale(graph: Graph, observed: Observed): Graph {
  const units = graph.units.map((unit) => {
    const scaled = observed.units.find((other) => other.name === unit.name)?.scaleOverride;
    return unit.kind === "service" && scaled !== undefined ? { ...unit, replicas: scaled } : unit;
  });
  return { ...graph, units };
}

async function dryRun(
  intent: Intent,
  setting: Setting & { readonly target: Target },
): Promise<number> {
  const { context, options } = setting.invocation;
  const world = await worldFor(intent, setting.target, context.interrupts.abort);
  await intent.approve(world.plan, setting.target);
  if (options.json === true) {
    context.terminal.out(`${JSON.stringify({ schemaVersion: 1, dryRun: true, ...world.plan })}\n`);
  } else {
    const paint = painter(context.terminal);
    for (const line of planText(world.plan)) context.terminal.out(`${line}\n`);
    context.terminal.say(`${paint("dim", "dry run: nothing was changed")}\n`);
  }
  return EXIT.done;
}

async function keepOrGoBack(doubt: string, context: Context): Promise<"keep" | "go-back"> {
  const answer = await context.terminal.ask(
    `${doubt}. Keep the new release? [y/N] `,
    context.interrupts.stop,
  );
  return answer?.trim().toLowerCase() === "y" ? "keep" : "go-back";
}

/**
 * What a narrowed verb defines: the named units as declared now, everything else as it was defined
 * before. Otherwise a change of another unit's checks or routes would slip in unseen.
 */
function narrowed(graph: Graph, to: readonly UnitName[], observed: Observed): Graph {
  const before = observed.graph;
  if (before === undefined) return graph;
  const units = graph.units.map(
    (unit) =>
      (to.includes(unit.name) ? undefined : before.units.find((old) => old.name === unit.name)) ??
      unit,
  );
  return { ...graph, units, edge: before.edge, innerRoutes: before.innerRoutes };
}

/** Asks for the system's name before something is lost; `--yes` answers for CI. */
export async function confirmByName(
  question: string,
  name: string,
  invocation: Invocation,
): Promise<void> {
  if (invocation.options.yes === true) return;
  const { terminal, interrupts } = invocation.context;
  const answer = await terminal.ask(`${question} Type ${name} to go on: `, interrupts.stop);
  if (interrupts.stopRequested()) {
    throw new Refusal(EXIT.interrupted, "stopped before anything was changed");
  }
  if (answer === undefined) {
    throw new Refusal(EXIT.usage, `${question} Nobody here can answer.`, { fix: "add --yes" });
  }
  if (answer.trim() !== name) throw new Refusal(EXIT.refused, "not confirmed; nothing was changed");
}

/** Rules taken on by name: `--accept single-replica`. */
export function acceptedRules(options: Readonly<Record<string, unknown>>): readonly string[] {
  const accepted = options["accept"];
  return Array.isArray(accepted) ? accepted.map(String) : [];
}

export function disposable(target: Target): Target & AsyncDisposable {
  return Object.assign(target, { [Symbol.asyncDispose]: () => target.close() });
}
