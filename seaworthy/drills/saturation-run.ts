import { join } from "node:path";
import { present } from "@seaworthy/std/assert";
import { deadline } from "@seaworthy/std/clock";
import { humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import { IdleConnections } from "../load/idle-connections.ts";
import type { LoadPlan, LoadResult } from "../load/load.ts";
import { dueWithin, failedByClass, latencyOf, total } from "../load/window.ts";
import type { ObservedInstance } from "../plan/observed.ts";
import type { InstanceCapacity } from "../record/evidence.ts";
import type { Step } from "../record/step.ts";
import { DrillAborted } from "./aborted.ts";
import type { BaselineLimits } from "./finding.ts";
import { ISOLATED_BY_DRILL } from "./leftovers.ts";
import { conclude, freshNotes, mayBreak, notUndone, type Notes } from "./notes.ts";
import { MARGIN_MS } from "./predict.ts";
import { chooseVictim } from "./preflight.ts";
import { intervalOf, type Prediction, type PredictionBasis } from "./prediction.ts";
import { instancesFor, mostHeld, nextRate, STEPS_MAX, type Tried } from "./search-rate.ts";
import { Stage, type RunSetting } from "./stage.ts";
import type { RunFinding } from "./verdict.ts";
import { unitSeen } from "./whole.ts";

/** At one rate: a second to settle, and four that count. */
const STEP_MS = 5_000;
const STEP_WARM_UP_MS = 1_000;
/** A generator that starts on a busy machine, and clients that give up. */
const STEP_MARGIN_MS = 15_000;
/** What one generator on a few cores can send and still be believed. */
const RATE_MAX = 5_000;
/** Where nothing is declared: more failures, or a tail longer than this, is no service. */
const LIMITS = { errorRatio: 0.01, p95Ms: 1_000 };
/** Where no objective says how many connections the system must hold. */
const CONNECTIONS = 1_000;
const CONNECTIONS_MAX = 5_000;
const ANSWER_MS = 15_000;
const KEEP_ALIVE_MS = 5_000;
const APPLY_MS = 20_000;

/**
 * What one instance holds. It is taken out of the edge, so that no user waits behind the search,
 * and sent the declared mix at rising rates until an objective breaks; the others serve the
 * declared load meanwhile, and that is what the objectives are judged by.
 */
export async function saturationRun(setting: RunSetting): Promise<RunFinding> {
  const notes = freshNotes();
  await using stage = await Stage.open(setting);
  try {
    const steady = await stage.steady();
    notes.baseline = steady.span;
    if (mayBreak(steady, notes)) await saturate({ setting, stage, notes });
  } catch (error) {
    if (!(error instanceof DrillAborted)) throw error;
    notes.aborted = error.message;
  }
  return await conclude(setting, stage, notes);
}

/** The others have all of the load and one instance less: nothing of it may fail. */
export function predictSaturation({ unit, load }: PredictionBasis): Prediction {
  const stepMs = STEP_MS + STEP_MARGIN_MS + (load?.timeoutMs ?? 0);
  return {
    interval: intervalOf({ what: "outage: none", fromMs: 0, toMs: 0, varies: [] }),
    figure: "unavailable",
    failingMsMax: MARGIN_MS,
    wholeMsMax: unit.bootMs + MARGIN_MS,
    lastsMsMax: STEPS_MAX * stepMs + 2 * ANSWER_MS + unit.drainMs + MARGIN_MS,
  };
}

interface Saturating {
  readonly setting: RunSetting;
  readonly stage: Stage;
  readonly notes: Notes;
}

async function saturate(saturating: Saturating): Promise<void> {
  const { setting, stage, notes } = saturating;
  const { request, unit, before, random } = setting;
  const victim = chooseVictim(present(unitSeen(before, unit.name), unit.name), random);
  stage.mayHurt(victim.id);
  const { windowMs } = request.parsed.system.drills;
  const fromMs = stage.run.nowMs();
  notes.window = { fromMs, toMs: fromMs + windowMs };
  const phase = (name: "inject" | "undo", detail: string): void =>
    request.emit({ kind: "drill", drill: request.name, phase: name, detail });
  phase("inject", `${victim.id} out of the edge`);
  try {
    await apply(setting, { action: "isolate", instance: victim.id, because: ISOLATED_BY_DRILL });
    const found = await stage.during("the search", (signal) =>
      search({ ...saturating, victim, signal }),
    );
    notes.capacity = found;
    notes.injected = injectedText(victim, found);
    const declared = before.units.find(({ name }) => name === unit.name)?.desired ?? 0;
    if (found.instancesForLoad > declared && !found.atLeast) {
      const load = `the declared ${setting.load.ratePerSecond}/s`;
      notes.wrongs.push(`${load} need ${found.instancesForLoad} instances, and ${declared} run`);
    }
  } finally {
    phase("undo", `${victim.id} back`);
    await bringBack(setting, { victim, notes });
    notes.undoneMs = stage.run.nowMs();
    notes.window = { fromMs, toMs: Math.max(fromMs + windowMs, notes.undoneMs) };
  }
  await stage.observe(notes.window.toMs, "the rest of the window");
}

/** Whatever was stopped, it serves again: that is seen by its readiness, and then by the edge. */
async function bringBack(
  setting: RunSetting,
  { victim, notes }: { readonly victim: ObservedInstance; readonly notes: Notes },
): Promise<void> {
  const { id: instance } = victim;
  try {
    await apply(setting, { action: "await-ready", instance, deadlineMs: setting.unit.bootMs });
    await apply(setting, { action: "rejoin", instance });
    notes.undone = `${instance} takes requests again`;
  } catch (error) {
    notUndone(notes, error instanceof Error ? error.message : String(error));
  }
}

/** Not the request's signal: what was isolated is brought back also by a run that was stopped. */
async function apply({ request, unit }: RunSetting, step: Step): Promise<void> {
  const { target, lease } = request;
  const signal = deadline(unit.bootMs + APPLY_MS, step.action);
  const result = await target.apply(step, { signal, epoch: lease.epoch });
  if (result.outcome === "failed") throw new DrillAborted(`${step.action}: ${result.because}`);
}

interface Searching extends Saturating {
  readonly victim: ObservedInstance;
  readonly signal: AbortSignal;
}

async function search(searching: Searching): Promise<InstanceCapacity> {
  const { setting, notes } = searching;
  const { load, unit, request } = setting;
  const firstPerSecond = load.ratePerSecond / unit.replicas;
  const bounds = { firstPerSecond, maxPerSecond: Math.max(RATE_MAX, load.ratePerSecond) };
  const tried: Tried[] = [];
  let limitedBy = "nothing: the search ended at what one generator may send";
  for (;;) {
    const ratePerSecond = nextRate(tried, bounds);
    if (ratePerSecond === undefined) break;
    const step = await tryRate(searching, { ratePerSecond, nth: tried.length + 1 });
    if (step.late !== undefined) {
      if (mostHeld(tried) === undefined) notes.doubts.push(step.late);
      limitedBy = step.late;
      break;
    }
    if (step.broke !== undefined) limitedBy = step.broke;
    tried.push({ ratePerSecond, held: step.broke === undefined });
    const detail = `${ratePerSecond.toFixed(0)}/s: ${step.broke ?? "held"}`;
    request.emit({ kind: "drill", drill: request.name, phase: "observe", detail });
  }
  const ratePerSecond = mostHeld(tried) ?? 0;
  const connections = await tryConnections(searching);
  const wanted = request.parsed.system.objectives.connections;
  const forConnections = wanted === undefined ? undefined : instancesFor(wanted, connections);
  return {
    ratePerSecond,
    atLeast: !tried.some(({ held }) => !held),
    limitedBy,
    connections,
    instancesForLoad: instancesFor(load.ratePerSecond, ratePerSecond) ?? unit.replicas + 1,
    ...(forConnections === undefined ? {} : { instancesForConnections: forConnections }),
  };
}

/** Both undefined: it held. */
interface StepShown {
  readonly broke?: string;
  /** The generator was: nothing is known of this rate. */
  readonly late?: string;
}

async function tryRate(
  { setting, stage, victim, signal }: Searching,
  asked: { readonly ratePerSecond: number; readonly nth: number },
): Promise<StepShown> {
  const { request, turn, before, unit } = setting;
  const url = before.units.find(({ name }) => name === unit.name)?.url;
  const plan: LoadPlan = {
    ...stage.plan,
    url: present(url, `the inner address of ${unit.name}`),
    trust: undefined,
    ratePerSecond: asked.ratePerSecond,
    mix: stage.plan.mix.map((one) => ({
      ...one,
      headers: { ...one.headers, "seaworthy-instance": victim.id },
    })),
    seed: stage.plan.seed + asked.nth,
    run: `${stage.plan.run}-s${asked.nth}`,
    durationMsMax: STEP_MS + STEP_MARGIN_MS,
    samplesFile: join(request.scratch, `saturation-${turn}-${asked.nth}.ndjson`),
  };
  const kill = new AbortController();
  try {
    const run = await request.startLoad(plan, kill.signal);
    await run.until(STEP_MS, signal);
    return shown(await run.finish(), setting.limits);
  } finally {
    kill.abort();
  }
}

function shown({ samples, check }: LoadResult, limits: BaselineLimits): StepShown {
  if (!check.ok) {
    const lag = `${check.sendLagP99Ms.toFixed(1)} ms late (p99)`;
    return { late: `the generator, whose requests were ${lag}` };
  }
  const counted = dueWithin(samples, { fromMs: STEP_WARM_UP_MS, toMs: STEP_MS });
  const failed = total(failedByClass(counted));
  const ratio = counted.length === 0 ? 1 : failed / counted.length;
  if (ratio > (limits.errorRatio ?? LIMITS.errorRatio)) {
    return { broke: `${humanPercent(Number(ratio.toPrecision(2)))} of requests failed` };
  }
  const { p95Ms, p99Ms } = latencyOf(counted);
  if (p95Ms > (limits.latencyP95Ms ?? LIMITS.p95Ms))
    return { broke: `p95 ${humanDuration(p95Ms)}` };
  const p99Max = limits.latencyP99Ms;
  return p99Max !== undefined && p99Ms > p99Max ? { broke: `p99 ${humanDuration(p99Ms)}` } : {};
}

/** At its own address, so that the edge's pooling hides nothing. */
async function tryConnections({ setting, victim, signal }: Searching): Promise<number> {
  const { request, unit } = setting;
  const at = present(victim.address, `the address of ${victim.id}`);
  const wanted = request.parsed.system.objectives.connections;
  const share = wanted === undefined ? CONNECTIONS : Math.ceil(wanted / unit.replicas);
  const plan = {
    url: `http://${at.host}:${at.port}`,
    secure: undefined,
    path: unit.probe.path,
    count: Math.min(share, CONNECTIONS_MAX),
    keepAliveMs: KEEP_ALIVE_MS,
    answerMs: ANSWER_MS,
  };
  await using idle = new IdleConnections(plan, request.clock);
  await idle.open(signal);
  return idle.counts.held;
}

function injectedText({ id }: ObservedInstance, found: InstanceCapacity): string {
  const { ratePerSecond, atLeast, limitedBy, connections } = found;
  const rate = `${atLeast ? "at least " : ""}${Math.floor(ratePerSecond)} requests/s`;
  const held = connections === undefined ? "" : ` and ${connections} connections at a time`;
  return `${id} held ${rate}${held}; then: ${limitedBy}`;
}
