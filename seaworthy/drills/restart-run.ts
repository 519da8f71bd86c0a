import { present } from "@seaworthy/std/assert";
import { deadline } from "@seaworthy/std/clock";
import type { ObservedUnit } from "../plan/observed.ts";
import { DrillAborted } from "./aborted.ts";
import { replaced } from "./bad-release.ts";
import { conclude, freshNotes, mayBreak, notUndone, type Notes } from "./notes.ts";
import { MARGIN_MS } from "./predict.ts";
import { intervalOf, type Prediction, type PredictionBasis } from "./prediction.ts";
import { Stage, type RunSetting } from "./stage.ts";
import type { RunFinding } from "./verdict.ts";
import { sameAgain } from "./way-back.ts";
import { unitSeen } from "./whole.ts";

const OBSERVE_MS = 20_000;
/** Of the runner's own waits and look-backs, beyond every step at its deadline. */
const RESTART_MARGIN_MS = 60_000;

export function predictRestart({ unit }: PredictionBasis): Prediction {
  const { fromMs, toMs, varies } = replaced(unit);
  return {
    interval: intervalOf({ what: "until every instance is another one", fromMs, toMs, varies }),
    figure: "took",
    failingMsMax: MARGIN_MS,
    wholeMsMax: unit.bootMs + MARGIN_MS,
    lastsMsMax: toMs + RESTART_MARGIN_MS,
  };
}

/** One run in which every instance is restarted under the load, gracefully. */
export async function restartRun(setting: RunSetting): Promise<RunFinding> {
  const notes = freshNotes();
  await using stage = await Stage.open(setting);
  try {
    const steady = await stage.steady();
    notes.baseline = steady.span;
    if (mayBreak(steady, notes)) await restart({ setting, stage, notes });
  } catch (error) {
    if (!(error instanceof DrillAborted)) throw error;
    notes.aborted = error.message;
  }
  return await conclude(setting, stage, notes);
}

interface Restarting {
  readonly setting: RunSetting;
  readonly stage: Stage;
  readonly notes: Notes;
}

async function restart({ setting, stage, notes }: Restarting): Promise<void> {
  const { request, unit, releases } = setting;
  const { name: drill, emit } = request;
  const release = releases[unit.name];
  emit({ kind: "drill", drill, phase: "inject", detail: `every instance of ${unit.name}` });
  const fromMs = stage.run.nowMs();
  try {
    const { outcome, because, seconds } = await stage.during("the restart", (signal) =>
      request.restart(unit.name, signal),
    );
    notes.tookMs = seconds * 1_000;
    if (outcome !== "done") notes.doubts.push(`the restart ended as ${outcome}: ${because}`);
    if (outcome === "rolled-back" || outcome === "not-rolled-back") {
      notes.wrongs.push(`a release that serves could not be restarted: ${because}`);
    }
  } finally {
    notes.window = { fromMs, toMs: stage.run.nowMs() };
    notes.undoneMs = notes.window.toMs;
    const before = present(unitSeen(setting.before, unit.name), unit.name);
    const observed = await request.target.observe(deadline(OBSERVE_MS, "what serves now"));
    const now = present(unitSeen(observed, unit.name), unit.name);
    notes.injected = othersThan(before, now);
    notes.undone = sameAgain(before, now, release);
    if (notes.undone === undefined) notUndone(notes, `${unit.name} is not what it was before`);
  }
  const { windowMs } = request.parsed.system.drills;
  await stage.observe(fromMs + windowMs, "the rest of the window");
  notes.window = { fromMs, toMs: Math.max(notes.window.toMs, fromMs + windowMs) };
}

/** What shows that no instance is the one that it was; undefined: nothing does. */
function othersThan(before: ObservedUnit, now: ObservedUnit): string | undefined {
  const kept = now.instances.filter(({ pid }) => before.instances.some((one) => one.pid === pid));
  if (kept.length > 0 || now.instances.length === 0) return undefined;
  const ids = (unit: ObservedUnit): string => unit.instances.map(({ id }) => id).join(", ");
  return `${ids(before)} became ${ids(now)}`;
}
