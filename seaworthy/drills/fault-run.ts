import { present } from "@seaworthy/std/assert";
import { DrillAborted } from "./aborted.ts";
import type { Fault } from "../record/fault.ts";
import { FaultUnderWay, SWITCH_MARGIN_MS, type Injection } from "./fault-under-way.ts";
import { conclude, describeCounts, freshNotes, mayBreak, notUndone, type Notes } from "./notes.ts";
import { chooseVictim } from "./preflight.ts";
import { Stage, type RunSetting } from "./stage.ts";
import type { RunFinding } from "./verdict.ts";
import { unitSeen } from "./whole.ts";
import { Aftermath } from "./wholeness.ts";

/** The clocks of one machine agree to this; more apart, and the wall clock was set. */
const CLOCK_SLACK_MS = 100;

/** One run of a drill that breaks an instance: steady, broken, undone, whole again. */
export async function faultRun(setting: RunSetting, kind: "kill" | "freeze"): Promise<RunFinding> {
  const notes = freshNotes();
  await using stage = await Stage.open(setting);
  try {
    const steady = await stage.steady();
    notes.baseline = steady.span;
    // What failed is counted again from the samples, and becomes the doubt.
    if (mayBreak(steady, notes)) await breakOne({ setting, stage, notes, kind });
  } catch (error) {
    if (!(error instanceof DrillAborted)) throw error;
    notes.aborted = error.message;
  }
  return await conclude(setting, stage, notes);
}

interface Breaking {
  readonly setting: RunSetting;
  readonly stage: Stage;
  readonly notes: Notes;
  readonly kind: "kill" | "freeze";
}

async function breakOne(breaking: Breaking): Promise<void> {
  const { setting, stage, notes, kind } = breaking;
  const { request, unit } = setting;
  const victim = chooseVictim(
    present(unitSeen(setting.before, unit.name), unit.name),
    setting.random,
  );
  const instance = victim.id;
  stage.mayHurt(instance);
  const forMs = request.parsed.system.drills.freezeMs + SWITCH_MARGIN_MS;
  const broken: Fault = kind === "freeze" ? { kind, instance, forMs } : { kind, instance };
  await using fault = await FaultUnderWay.prepare({ request, fault: broken });
  const beforeMs = stage.run.nowMs();
  const injection = await fault.inject();
  const injectedMs = injectedAt(injection, { beforeMs, stage });
  const aftermath = new Aftermath({
    request,
    victim,
    replicas: unit.replicas,
    injectedWallMs: injection.wallMs,
  });
  const under = { fault, aftermath, stage, injectedMs };
  const { windowMs } = request.parsed.system.drills;
  notes.window = { fromMs: injectedMs, toMs: injectedMs + windowMs };
  notes.injected = injection.seen;
  notes.inFlightOnVictim = injection.inFlight;
  try {
    if (injection.seen !== undefined) await watch(breaking, under);
  } catch (error) {
    notes.window = { fromMs: injectedMs, toMs: stage.run.nowMs() };
    await aftermath.stop();
    throw error;
  } finally {
    await undo(notes, under);
  }
  // What stays broken does not get whole by waiting.
  if (notes.undone === undefined) await aftermath.stop();
  else notes.whole = () => aftermath.whole(setting.prediction.wholeMsMax);
}

async function undo(notes: Notes, { fault, aftermath, stage }: Broken): Promise<void> {
  notes.exposureMs ??= aftermath.exposureMs;
  if (notes.undone !== undefined) return;
  const undo = await fault.undo();
  notes.undoneMs = stage.run.nowMs();
  if (undo.undone) notes.undone = undo.seen;
  else notUndone(notes, undo.because);
}

interface Broken {
  readonly fault: FaultUnderWay;
  readonly aftermath: Aftermath;
  readonly stage: Stage;
  readonly injectedMs: number;
}

/** The whole window is observed; a freeze ends inside it. */
async function watch(breaking: Breaking, broken: Broken): Promise<void> {
  const { setting, stage, notes, kind } = breaking;
  const { request } = setting;
  const { freezeMs, windowMs } = request.parsed.system.drills;
  const inFlight = `in flight on the victim: ${describeCounts(notes.inFlightOnVictim)}`;
  request.emit({ kind: "drill", drill: request.name, phase: "observe", detail: inFlight });
  const brokenMs = kind === "freeze" ? Math.min(freezeMs, windowMs) : windowMs;
  await stage.observe(broken.injectedMs + brokenMs, "the window of the fault");
  await undo(notes, broken);
  await stage.observe(broken.injectedMs + windowMs, "the rest of the window");
}

/** On the generator's clock. The target's word is finer than ours, unless the clock was set. */
function injectedAt(
  injection: Injection,
  asked: { readonly beforeMs: number; readonly stage: Stage },
): number {
  const { run } = asked.stage;
  const toldMs = injection.wallMs - run.startedWallMs;
  const earliestMs = asked.beforeMs - CLOCK_SLACK_MS;
  const latestMs = run.nowMs() + CLOCK_SLACK_MS;
  return toldMs >= earliestMs && toldMs <= latestMs ? toldMs : asked.beforeMs;
}
