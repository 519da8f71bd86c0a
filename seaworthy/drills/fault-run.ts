import { lastsMs } from "../record/fault.ts";
import type { Injection } from "./fault-under-way.ts";
import { FaultsUnderWay } from "./faults-under-way.ts";
import type { ChooseFault, FaultChoice } from "./fault-choice.ts";
import { conclude, describeCounts, freshNotes, mayBreak, notUndone, type Notes } from "./notes.ts";
import { DrillAborted } from "./aborted.ts";
import { Stage, type RunSetting } from "./stage.ts";
import type { RunFinding } from "./verdict.ts";
import { Aftermath } from "./wholeness.ts";

/** The clocks of one machine agree to this; more apart, and the wall clock was set. */
const CLOCK_SLACK_MS = 100;
/** Of the window: what can only recover when the fault is over is given the rest of it. */
const BROKEN_SHARE_MAX = 2 / 3;

/** One run of a drill that injects a fault: steady, broken, undone, whole again. */
export async function faultRun(setting: RunSetting, choose: ChooseFault): Promise<RunFinding> {
  const notes = freshNotes();
  await using stage = await Stage.open(setting);
  try {
    const steady = await stage.steady();
    notes.baseline = steady.span;
    const choice = choose(setting);
    if (!choice.ok) notes.doubts.push(choice.error);
    // What failed is counted again from the samples, and becomes the doubt.
    else if (mayBreak(steady, notes)) {
      await breakIt({ setting, stage, notes, choice: choice.value });
    }
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
  readonly choice: FaultChoice;
}

async function breakIt(breaking: Breaking): Promise<void> {
  const { setting, stage, notes, choice } = breaking;
  const { request } = setting;
  for (const victim of choice.victims) stage.mayHurt(victim);
  notes.goesOn = choice.goesOn;
  notes.wrongsOf = choice.wrongsOf;
  await using faults = await FaultsUnderWay.prepare(request, choice.faults);
  const beforeMs = stage.run.nowMs();
  const injection = await faults.inject();
  const injectedMs = injectedAt(injection, { beforeMs, stage });
  const aftermath = new Aftermath({
    request,
    injectedWallMs: injection.wallMs,
    exposed: choice.exposed,
    wholeWhileBroken: choice.wholeWhileBroken,
    recoversFrom: choice.goesOn === undefined ? "injection" : "undo",
  });
  const under = { faults, aftermath, injectedMs };
  const { windowMs } = request.parsed.system.drills;
  notes.window = { fromMs: injectedMs, toMs: injectedMs + windowMs };
  notes.injected = injection.seen;
  notes.inFlightOnVictim = injection.inFlight;
  notes.struckForMs = injection.tookMs;
  try {
    if (injection.seen !== undefined) await watch(breaking, under);
  } catch (error) {
    notes.window = { fromMs: injectedMs, toMs: stage.run.nowMs() };
    await aftermath.stop();
    throw error;
  } finally {
    await undo(breaking, under);
  }
  // What stays broken does not get whole by waiting.
  if (notes.undone === undefined) await aftermath.stop();
  else notes.whole = () => aftermath.whole(setting.prediction.wholeMsMax);
}

async function undo(breaking: Breaking, { faults, aftermath }: Broken): Promise<void> {
  const { notes, stage, choice } = breaking;
  if (notes.undone !== undefined) return;
  if (choice.exposed !== undefined) notes.exposureMs ??= aftermath.exposureMs;
  const undo = await faults.undo();
  aftermath.mended();
  notes.undoneMs = stage.run.nowMs();
  if (choice.goesOn !== undefined) notes.recoversFromMs = notes.undoneMs;
  if (undo.undone) notes.undone = undo.seen;
  else notUndone(notes, undo.because);
}

interface Broken {
  readonly faults: FaultsUnderWay;
  readonly aftermath: Aftermath;
  readonly injectedMs: number;
}

/** The whole window is observed; what lasts ends inside it. */
async function watch(breaking: Breaking, broken: Broken): Promise<void> {
  const { setting, stage, notes, choice } = breaking;
  const { request } = setting;
  const inFlight = `in flight on the victim: ${describeCounts(notes.inFlightOnVictim)}`;
  request.emit({ kind: "drill", drill: request.name, phase: "observe", detail: inFlight });
  const { windowMs } = request.parsed.system.drills;
  await stage.observe(broken.injectedMs + brokenMs(breaking), "the window of the fault");
  if (choice.outlives && broken.aftermath.sawDeath) {
    notes.wrongs.push(`${choice.victims.join(", ")} did not live through it`);
  }
  await undo(breaking, broken);
  await stage.observe(broken.injectedMs + windowMs, "the rest of the window");
}

function brokenMs({ setting, choice }: Breaking): number {
  const { freezeMs, windowMs } = setting.request.parsed.system.drills;
  if (choice.faults.every((fault) => lastsMs(fault) === 0)) return windowMs;
  const share = choice.goesOn === undefined ? 1 : BROKEN_SHARE_MAX;
  return Math.min(freezeMs, windowMs * share);
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
