import { deadline } from "@seaworthy/std/clock";
import { formatBytes } from "@seaworthy/std/bytes";
import { touching } from "../load/window.ts";
import { p95Of, NO_COUNTERS, remember, tallyOf } from "../rollout/tally.ts";
import { DrillAborted } from "./aborted.ts";
import { leakBytes } from "./bad-release.ts";
import { conclude, freshNotes, mayBreak, type Notes } from "./notes.ts";
import { goodInSpiteOf, judgeRoll, type RollSeen, wrongToServe } from "./rolled-in.ts";
import { type RolledIn, siblingFor } from "./sibling.ts";
import { ReleaseSpotter } from "./spotter.ts";
import { Stage, type RunSetting } from "./stage.ts";
import type { RunFinding } from "./verdict.ts";
import { describe, goBack, servingRelease } from "./way-back.ts";
import { unitSeen } from "./whole.ts";

const MEASURE_MS = 10_000;

/** One run of a drill that rolls another release in: steady, rolled, and back on what served. */
export async function rollRun(setting: RunSetting, rolledIn: RolledIn): Promise<RunFinding> {
  const notes = freshNotes();
  await using stage = await Stage.open(setting);
  try {
    const steady = await stage.steady();
    notes.baseline = steady.span;
    if (mayBreak(steady, notes)) await rollThereAndBack({ setting, stage, notes, rolledIn });
  } catch (error) {
    if (!(error instanceof DrillAborted)) throw error;
    notes.aborted = error.message;
  }
  return await conclude(setting, stage, notes);
}

interface Rolling {
  readonly setting: RunSetting;
  readonly stage: Stage;
  readonly notes: Notes;
  readonly rolledIn: RolledIn;
}

async function rollThereAndBack(rolling: Rolling): Promise<void> {
  const { setting, stage, notes, rolledIn } = rolling;
  const { request, unit } = setting;
  const own = await servingRelease(setting, notes);
  const sibling = own === undefined ? undefined : await chooseSibling(rolling);
  if (own === undefined || sibling === undefined) return;
  const release = await describe(setting, sibling);
  const { name: drill, emit } = request;
  emit({ kind: "drill", drill, phase: "inject", detail: `${own.id} → ${release.id}` });
  const fromMs = stage.run.nowMs();
  await using spotter = new ReleaseSpotter(request, { unit: unit.name, release: release.id });
  try {
    const outcome = await stage.during("the roll", (signal) => request.roll(sibling, signal));
    await spotter[Symbol.asyncDispose]();
    const { started, routed, died, heldBytes } = spotter;
    const spotted = { started, routed, died, heldBytes, leakBytes: leakBytes(unit) };
    judge(rolling, { ...spotted, outcome, own: own.id, release: release.id });
    if (outcome.outcome === "interrupted") throw new DrillAborted(outcome.because);
  } catch (error) {
    // What was seen until then stays seen, also of a run that had to be given up.
    if (spotter.routed) notes.wrongs.push(...wrongToServe(rolledIn));
    throw error;
  } finally {
    await goBack(setting, notes, own);
    notes.window = { fromMs, toMs: stage.run.nowMs() };
    notes.undoneMs = notes.window.toMs;
    if (rolledIn === "same") notes.tookMs = notes.window.toMs - fromMs;
  }
  // A quick roll is judged over the declared window all the same: it must not prove less.
  const { windowMs } = request.parsed.system.drills;
  await stage.observe(fromMs + windowMs, "the rest of the window");
  notes.window = { fromMs, toMs: Math.max(notes.window.toMs, fromMs + windowMs) };
}

/** Undefined where none can be made; why not is a doubt then. */
async function chooseSibling(rolling: Rolling): Promise<RunSetting["unit"] | undefined> {
  const { setting, notes, rolledIn } = rolling;
  const { request, unit, before, turn } = setting;
  const refused = rolledIn === "leaking" ? await tooLittleMemory(setting) : undefined;
  const next = unitSeen(before, unit.name)?.nextInstance ?? 1;
  const sibling = siblingFor(rolledIn, {
    unit,
    seed: request.seed + turn,
    ownCommand: request.ownCommand,
    steadyP95Ms: await steadyP95Ms(setting),
    firstInstance: `${unit.name}-${next}`,
  });
  const because = refused ?? (sibling.ok ? undefined : sibling.error);
  if (because !== undefined) notes.doubts.push(because);
  return because === undefined && sibling.ok ? sibling.value : undefined;
}

/** As the edge counted it until now; 0 where it cannot say. */
async function steadyP95Ms({ request, unit }: RunSetting): Promise<number> {
  const signal = deadline(MEASURE_MS, "the latency of what serves", request.signal);
  const measured = await request.target.measure(unit.name, signal);
  return p95Of(tallyOf(remember(NO_COUNTERS, measured), () => true)) ?? 0;
}

/** All instances may leak at one time, and the machine needs the rest. */
async function tooLittleMemory({ request, unit }: RunSetting): Promise<string | undefined> {
  const signal = deadline(MEASURE_MS, "what is free", request.signal);
  const { memoryBytes } = await request.target.headroom(signal);
  const neededBytes = 2 * unit.replicas * leakBytes(unit);
  if (memoryBytes >= neededBytes) return undefined;
  const free = `${formatBytes(neededBytes)} must be free for it`;
  return `a leak of ${unit.replicas} instances could take the machine down: ${free}`;
}

/** What the roll forward shows; the requests it cost are judged by their figures. */
function judge({ setting, notes, rolledIn }: Rolling, seen: RollSeen): void {
  const { wrongs, doubts, injected } = judgeRoll(rolledIn, seen);
  notes.wrongs.push(...wrongs);
  notes.doubts.push(...doubts);
  notes.injected = injected;
  if (rolledIn === "same") return;
  const tookMs = seen.outcome.seconds * 1_000;
  notes.tookMs = tookMs;
  const lastsMs = setting.prediction.lastsMsMax ?? Number.POSITIVE_INFINITY;
  if (tookMs > lastsMs) notes.wrongs.push(`taken back only after ${Math.round(tookMs)} ms`);
  if (seen.outcome.outcome !== "done" || wrongs.length > 0) return;
  // Whether it went bad at all is for its clients to say, whose samples come at the end.
  notes.wrongsOf = ({ samples, window }) => {
    const wrong = goodInSpiteOf(rolledIn, seen, touching(samples, window));
    if (wrong === undefined) notes.injected = undefined;
    return wrong === undefined ? [] : [wrong];
  };
}
