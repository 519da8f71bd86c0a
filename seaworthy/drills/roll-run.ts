import { present } from "@seaworthy/std/assert";
import { deadline } from "@seaworthy/std/clock";
import { humanDuration } from "@seaworthy/std/duration";
import type { ServiceUnit } from "../plan/graph.ts";
import type { ObservedUnit } from "../plan/observed.ts";
import type { Release } from "../record/release.ts";
import type { RolloutOutcome } from "../rollout/outcome.ts";
import { DrillAborted } from "./aborted.ts";
import { conclude, freshNotes, mayBreak, notUndone, type Notes } from "./notes.ts";
import { unitSeen } from "./whole.ts";
import { siblingFor } from "./sibling.ts";
import { ReleaseSpotter } from "./spotter.ts";
import { Stage, type RunSetting } from "./stage.ts";
import type { RunFinding } from "./verdict.ts";

const DESCRIBE_MS = 60_000;
const OBSERVE_MS = 20_000;
/** Where no prediction bounds it. */
const BACK_MS_MAX = 600_000;

export type RollDrill = "roll-under-load" | "never-ready-release";

/** One run of a drill that rolls another release in: steady, rolled, and back on what served. */
export async function rollRun(setting: RunSetting, drill: RollDrill): Promise<RunFinding> {
  const notes = freshNotes();
  await using stage = await Stage.open(setting);
  try {
    const steady = await stage.steady();
    notes.baseline = steady.span;
    if (mayBreak(steady, notes)) await rollThereAndBack({ setting, stage, notes, drill });
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
  readonly drill: RollDrill;
}

async function rollThereAndBack(rolling: Rolling): Promise<void> {
  const { setting, stage, notes, drill } = rolling;
  const { request, unit } = setting;
  const own = await describe(setting, unit);
  if (own.id !== setting.releases[unit.name]) {
    notes.doubts.push(`${unit.name} serves ${setting.releases[unit.name]}, but its files changed`);
    return;
  }
  const sibling = siblingFor(drill, { unit, seed: request.seed + setting.turn });
  if (!sibling.ok) {
    notes.doubts.push(sibling.error);
    return;
  }
  const release = await describe(setting, sibling.value);
  request.emit({ kind: "drill", drill, phase: "inject", detail: `${own.id} → ${release.id}` });
  const fromMs = stage.run.nowMs();
  await using spotter = new ReleaseSpotter(request, { unit: unit.name, release: release.id });
  try {
    const outcome = await stage.during("the roll", (signal) => request.roll(sibling.value, signal));
    await spotter[Symbol.asyncDispose]();
    judgeForward(rolling, { outcome, spotter, release, own });
    if (outcome.outcome === "interrupted") throw new DrillAborted(outcome.because);
  } finally {
    await goBack(rolling, own);
    notes.window = { fromMs, toMs: stage.run.nowMs() };
    notes.undoneMs = notes.window.toMs;
    if (drill === "roll-under-load") notes.tookMs = notes.window.toMs - fromMs;
  }
  // A quick roll is judged over the declared window all the same: it must not prove less.
  const { windowMs } = request.parsed.system.drills;
  await stage.observe(fromMs + windowMs, "the rest of the window");
  notes.window = { fromMs, toMs: Math.max(notes.window.toMs, fromMs + windowMs) };
}

async function describe(setting: RunSetting, unit: ServiceUnit): Promise<Release> {
  const { request } = setting;
  const signal = deadline(DESCRIBE_MS, `reading the files of ${unit.name}`, request.signal);
  return await request.target.describe(unit, signal);
}

interface Forward {
  readonly outcome: RolloutOutcome;
  readonly spotter: ReleaseSpotter;
  readonly release: Release;
  readonly own: Release;
}

/** What the roll forward shows; the requests it cost are judged by their figures. */
function judgeForward({ setting, notes, drill }: Rolling, forward: Forward): void {
  const { outcome, spotter, release, own } = forward;
  const tookMs = outcome.seconds * 1_000;
  const name = setting.unit.name;
  if (drill === "never-ready-release") notes.tookMs = tookMs;
  const took = `${own.id} → ${release.id}: ${outcome.outcome} after ${humanDuration(tookMs)}`;
  const { routed, started } = spotter;
  const wrongs = wrongsOf(drill, outcome);
  if (drill === "never-ready-release") {
    if (routed) wrongs.push(`${name} was sent requests while it never listened`);
    const lastsMs = setting.prediction.lastsMsMax ?? Number.POSITIVE_INFINITY;
    if (tookMs > lastsMs) wrongs.push(`taken back only after ${humanDuration(tookMs)}`);
    if (started) notes.injected = `${took}; an instance of it was seen, not routed`;
  } else if (started && (routed || wrongs.length > 0)) {
    notes.injected = `${took}; ${routed ? "it was seen serving" : "an instance of it was seen"}`;
  }
  notes.wrongs.push(...wrongs);
  const tried = ["done", "rolled-back", "not-rolled-back", "interrupted"];
  if (!tried.includes(outcome.outcome)) {
    notes.doubts.push(`the roll ended as ${outcome.outcome}: ${outcome.because}`);
  }
}

function wrongsOf(drill: RollDrill, { outcome, because }: RolloutOutcome): string[] {
  if (outcome === "not-rolled-back") return [`not rolled back: ${because}`];
  if (drill === "never-ready-release") {
    return outcome === "done" ? ["a release that never listens was taken as ready"] : [];
  }
  return outcome === "rolled-back" ? [`the same content was taken back: ${because}`] : [];
}

/** Whatever happened, what served before serves again; that is seen, not assumed. */
async function goBack({ setting, notes, drill }: Rolling, own: Release): Promise<void> {
  const { request, unit } = setting;
  request.emit({ kind: "drill", drill, phase: "undo", detail: `back to ${own.id}` });
  const before = present(unitSeen(setting.before, unit.name), unit.name);
  try {
    if ((await asBefore(setting, before)) === undefined) {
      // Not the request's signal: whatever was stopped, this is done.
      const limitMs = setting.prediction.lastsMsMax ?? BACK_MS_MAX;
      const back = deadline(limitMs, `rolling ${unit.name} back`);
      const { outcome, because } = await request.roll(unit, back);
      if (outcome !== "done" && outcome !== "nothing-to-do") {
        notUndone(notes, `the roll back ended as ${outcome}: ${because}`);
      }
    }
    notes.undone = await asBefore(setting, before);
    if (notes.undone === undefined && notes.leftBroken.length === 0) {
      notUndone(notes, `${unit.name} is not what it was before`);
    }
  } catch (error) {
    notUndone(notes, error instanceof Error ? error.message : String(error));
  }
}

/** What shows that the unit is what it was before; undefined when it is not. */
async function asBefore(setting: RunSetting, before: ObservedUnit): Promise<string | undefined> {
  const observed = await setting.request.target.observe(deadline(OBSERVE_MS, "what serves now"));
  const now = unitSeen(observed, before.name);
  return now === undefined ? undefined : sameAgain(before, now, setting.releases[before.name]);
}

export function sameAgain(
  before: ObservedUnit,
  now: ObservedUnit,
  release: string | undefined,
): string | undefined {
  const others = now.instances.filter((instance) => instance.release !== release);
  const serving = now.instances.filter((instance) => instance.routed).length;
  if (others.length > 0 || serving < before.desired) return undefined;
  if (now.definition !== before.definition) return undefined;
  return `${serving} of ${before.desired} instances of ${release} serve, and no other`;
}
