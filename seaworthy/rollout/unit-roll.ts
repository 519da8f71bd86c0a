import { assertNever } from "@seaworthy/std/assert";
import type { ServiceUnit } from "../plan/graph.ts";
import type { StartLoad } from "../load/load.ts";
import type { InstanceId, Step, StepResult } from "../record/step.ts";
import type { ObservedUnit } from "../targets/target.ts";
import type { Goal } from "./goal.ts";
import { observe, unitIn } from "./look.ts";
import { abandoned, begun, ended, type Memory } from "./memory.ts";
import type { RollProbe } from "./probe.ts";
import { memoryExcess } from "./memory-excess.ts";
import { type Decision, decide } from "./rolling.ts";
import type { Operation, Steps } from "./steps.ts";
import { type Counters, remember } from "./tally.ts";
import { bounded, HEARTBEAT_MS } from "./wait.ts";

/** While nothing ends, the world is looked at this often: a death is seen within it. */
const LOOK_EVERY_MS = 250;
const MEASURE_MS = 5_000;

/** What the parts of a roll share. */
export interface Roller extends Operation {
  readonly steps: Steps;
  readonly startLoad: StartLoad | undefined;
  readonly scratch: string;
  readonly stopRequested: () => boolean;
}

/** One unit on its way. The only thing here that changes while a roll runs. */
export interface UnitRoll {
  readonly goal: Goal;
  /** Undefined for a unit that is being emptied and is no longer declared. */
  readonly unit: ServiceUnit | undefined;
  memory: Memory;
  counters: Counters;
  seen: ObservedUnit;
  probe: RollProbe | undefined;
  /** Last probe, last log lines of what failed. */
  detail: readonly string[];
  /** The one whose failure made the roll turn back. */
  culprit: InstanceId | undefined;
}

/** Where the machine came to rest, or why it must turn. */
export type Ending =
  | Exclude<Decision, { kind: "steps" } | { kind: "wait" } | { kind: "reverse" }>
  | { readonly kind: "reverse"; readonly because: string; readonly by: "failure" | "operator" };

/** Something ended: which step, and how. `Interrupted` and broken promises travel as `error`. */
type Landing = { readonly step: Step; readonly result: StepResult } | { readonly error: unknown };

/** Applies what the machine decides until it rests. `watch` may say why to turn back. */
export async function drive(
  roll: UnitRoll,
  roller: Roller,
  watch: (roll: UnitRoll) => Promise<string | undefined>,
): Promise<Ending> {
  const unwanted = new AbortController();
  const flights = new Map<Step, Promise<Landing>>();
  const air: Air = { watch, flights, unwanted, idle: undefined };
  try {
    for (;;) {
      await lookAgain(roll, roller);
      const ending = await next(roll, roller, air);
      if (ending === undefined) continue;
      await settle(roll, flights, unwanted);
      return ending;
    }
  } finally {
    unwanted.abort();
  }
}

interface Air {
  readonly watch: (roll: UnitRoll) => Promise<string | undefined>;
  readonly flights: Map<Step, Promise<Landing>>;
  readonly unwanted: AbortController;
  /** Since when no step has been under way, and when that was last said. */
  idle: { readonly sinceMs: number; readonly spokeMs: number } | undefined;
}

async function next(roll: UnitRoll, roller: Roller, air: Air): Promise<Ending | undefined> {
  const isForward = roll.memory.direction === "forward" && roll.memory.phase !== "finishing";
  if (isForward && roller.stopRequested()) {
    return { kind: "reverse", because: "stopped on request", by: "operator" };
  }
  const complaint = isForward ? await air.watch(roll) : undefined;
  if (complaint !== undefined) return { kind: "reverse", because: complaint, by: "failure" };
  const decision = decide({ ...roll, world: roll.seen, nowMs: roller.clock.now() });
  switch (decision.kind) {
    case "steps":
      for (const step of decision.steps) launch(step, { roll, roller, air });
      await landing(roll, roller, air.flights);
      return undefined;
    case "wait":
      speak(decision.on, { roll, roller, air });
      await landing(roll, roller, air.flights);
      return undefined;
    case "reverse":
      return { ...decision, by: "failure" };
    case "bake":
    case "held":
    case "done":
    case "gave-up":
      return decision;
    default:
      return assertNever(decision);
  }
}

/** A step has its own heartbeat; a world that changes by itself, or does not, has this one. */
function speak(on: string, at: { roll: UnitRoll; roller: Roller; air: Air }): void {
  const { roll, roller, air } = at;
  const nowMs = roller.clock.now();
  if (air.flights.size > 0) air.idle = undefined;
  else air.idle ??= { sinceMs: nowMs, spokeMs: nowMs };
  if (air.idle === undefined || nowMs - air.idle.spokeMs < HEARTBEAT_MS) return;
  const { sinceMs } = air.idle;
  air.idle = { sinceMs, spokeMs: nowMs };
  const deadlineMs = roll.memory.deadlineMs - sinceMs;
  roller.emit({ kind: "waiting", on, elapsedMs: nowMs - sinceMs, deadlineMs });
}

function launch(step: Step, at: { roll: UnitRoll; roller: Roller; air: Air }): void {
  const { roll, roller, air } = at;
  roll.memory = begun(roll.memory, step, roll.seen);
  // Waiting for an instance or a drain may be cut short; what changes the world may not.
  const isWait = step.action === "await-ready" || step.action === "drain";
  const flight = roller.steps.run(step, isWait ? air.unwanted.signal : undefined).then(
    (result): Landing => ({ step, result }),
    (error: unknown): Landing => ({ error }),
  );
  air.flights.set(step, flight);
}

/** Waits until a step ends, at most until it is time to look at the world again. */
async function landing(
  roll: UnitRoll,
  roller: Roller,
  flights: Map<Step, Promise<Landing>>,
): Promise<void> {
  const waker = new AbortController();
  const pause = roller.clock
    .sleep(LOOK_EVERY_MS, AbortSignal.any([waker.signal, roller.signal]))
    .then(
      () => undefined,
      () => undefined,
    );
  const landed = await Promise.race([pause, ...flights.values()]);
  waker.abort();
  if (landed === undefined) return roller.signal.aborted ? await abandon(flights) : undefined;
  if ("error" in landed) throw landed.error;
  flights.delete(landed.step);
  land(roll, landed);
}

function land(roll: UnitRoll, landed: { readonly step: Step; readonly result: StepResult }): void {
  const { step, result } = landed;
  roll.memory = ended(roll.memory, step, result);
  if (result.outcome === "done") return;
  if (result.detail.length > 0) roll.detail = result.detail;
  if ("instance" in step) roll.culprit = step.instance;
}

/** Before turning: what only waits is cut short, what changes the world is waited for. */
async function settle(
  roll: UnitRoll,
  flights: Map<Step, Promise<Landing>>,
  unwanted: AbortController,
): Promise<void> {
  unwanted.abort(new Error("no longer wanted"));
  for (const landed of await Promise.all(flights.values())) {
    if ("error" in landed) throw landed.error;
    const isWait = landed.step.action === "await-ready" || landed.step.action === "drain";
    if (isWait && landed.result.outcome === "failed") {
      roll.memory = abandoned(roll.memory, landed.step);
    } else land(roll, landed);
  }
}

async function abandon(flights: Map<Step, Promise<Landing>>): Promise<void> {
  for (const landed of await Promise.all(flights.values())) {
    if ("error" in landed) throw landed.error;
  }
}

async function lookAgain(roll: UnitRoll, roller: Roller): Promise<void> {
  const before = roll.seen;
  roll.seen = unitIn(await observe(roller), roll.goal.unit);
  for (const now of roll.seen.instances) {
    const then = before.instances.find((one) => one.id === now.id);
    if (then?.state === now.state) continue;
    roller.emit({
      kind: "instance",
      instance: now.id,
      change: then === undefined ? now.state : `${then.state} → ${now.state}`,
      ...(now.because === undefined ? {} : { because: now.because }),
    });
  }
}

/** Adds what the edge counted; a target that cannot say now changes nothing. */
export async function measure(roll: UnitRoll, roller: Roller): Promise<void> {
  const what = `the counters of ${roll.goal.unit}`;
  const limits = { what, ms: MEASURE_MS, signal: roller.signal };
  try {
    const measured = await bounded(roller, limits, (signal) =>
      roller.target.measure(roll.goal.unit, signal),
    );
    roll.counters = remember(roll.counters, measured);
  } catch (error) {
    // Too few requests make a bake inconclusive: missing counts can never make it pass.
    if (roller.signal.aborted) throw error;
  }
}

/** Why the memory of a new instance is a reason to go back, or undefined. */
export function memoryFault(roll: UnitRoll): string | undefined {
  const { from, to } = roll.goal;
  if (from === to) return undefined;
  const { counters } = roll;
  const excess = memoryExcess({ counters, from, to, limitBytes: roll.unit?.memoryBytes });
  if (excess !== undefined) roll.culprit ??= excess.instance;
  return excess?.because;
}
