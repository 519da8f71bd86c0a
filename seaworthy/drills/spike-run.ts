import { join } from "node:path";
import { humanDuration } from "@seaworthy/std/duration";
import type { LoadPlan, LoadResult, Sample } from "../load/load.ts";
import { dueWithin } from "../load/window.ts";
import { DrillAborted } from "./aborted.ts";
import { stoppedWithin } from "./finding.ts";
import { auditWrites } from "./ledger.ts";
import { conclude, freshNotes, mayBreak, type Notes } from "./notes.ts";
import { MARGIN_MS } from "./predict.ts";
import { intervalOf, type Prediction, type PredictionBasis } from "./prediction.ts";
import { Stage, type RunSetting } from "./stage.ts";
import type { RunFinding } from "./verdict.ts";

/** Ten times the declared load, the declared load included (`research/resilience.md` D30). */
const FACTOR = 10;
/** After it, all is as before within this (D30). */
const RECOVERY_MS = 30_000;
/** A generator that starts on a busy machine. */
const START_MS = 15_000;
/** Less of what was due was sent: there was no such spike. */
const SENT_SHARE_MIN = 0.95;
const SECOND_MS = 1_000;

/** Ten times the load for a while: what is served meanwhile, and how soon all is as before. */
export async function spikeRun(setting: RunSetting): Promise<RunFinding> {
  const notes = freshNotes();
  await using stage = await Stage.open(setting);
  try {
    const steady = await stage.steady();
    notes.baseline = steady.span;
    if (mayBreak(steady, notes)) await surge({ setting, stage, notes });
  } catch (error) {
    if (!(error instanceof DrillAborted)) throw error;
    notes.aborted = error.message;
  }
  return await conclude(setting, stage, notes);
}

/** What queued up is answered, or given up by its client: then nothing is left of the spike. */
export function predictSpike({ drills, load }: PredictionBasis): Prediction {
  const timeoutMs = load?.timeoutMs ?? 0;
  return {
    interval: intervalOf({
      what: "from the spike's end until requests are served as before",
      fromMs: 0,
      toMs: timeoutMs,
      varies: [{ of: "load.timeout", ms: timeoutMs }],
    }),
    figure: "unavailable",
    // What is above the capacity is shed, and that may be most of it, for as long as it lasts.
    failingMsMax: drills.freezeMs + RECOVERY_MS,
    wholeMsMax: RECOVERY_MS + MARGIN_MS,
    lastsMsMax: START_MS + drills.freezeMs + RECOVERY_MS + drills.windowMs,
  };
}

interface Surging {
  readonly setting: RunSetting;
  readonly stage: Stage;
  readonly notes: Notes;
}

/** Judged after it: errors, and when requests are served steadily again. */
async function surge({ setting, stage, notes }: Surging): Promise<void> {
  const { request } = setting;
  const { freezeMs, windowMs } = request.parsed.system.drills;
  const plan = surgePlan(setting, stage.plan);
  const kill = new AbortController();
  const phase = (name: "inject" | "undo", detail: string): void =>
    request.emit({ kind: "drill", drill: request.name, phase: name, detail });
  phase("inject", `${FACTOR * stage.plan.ratePerSecond} requests/s, ${humanDuration(freezeMs)}`);
  notes.window = { fromMs: stage.run.nowMs(), toMs: stage.run.nowMs() + windowMs };
  try {
    const extra = await request.startLoad(plan, kill.signal);
    const fromMs = extra.startedWallMs - stage.run.startedWallMs;
    await stage.observe(fromMs + freezeMs, "the spike");
    phase("undo", "the declared load alone");
    const endMs = stage.run.nowMs();
    const surplus = await extra.finish();
    notes.undoneMs = endMs;
    notes.undone = "the surplus is no longer sent";
    noteSurplus(notes, { surplus, plan, freezeMs });
    await noteWrites(notes, { setting, run: plan.run, samples: surplus.samples });
    notes.window = { fromMs: endMs, toMs: endMs + windowMs };
    notes.wrongsOf = ({ samples }) => {
      const own = dueWithin(samples, { fromMs, toMs: fromMs + freezeMs });
      const more = dueWithin(surplus.samples, { fromMs: 0, toMs: freezeMs });
      return shortfall([...own, ...more], stage.plan.ratePerSecond, freezeMs);
    };
    await stage.observe(endMs + windowMs, "the time after the spike");
  } finally {
    kill.abort();
  }
}

/** Beside the declared load, which goes on. */
function surgePlan({ request, turn }: RunSetting, plan: LoadPlan): LoadPlan {
  return {
    ...plan,
    ratePerSecond: (FACTOR - 1) * plan.ratePerSecond,
    seed: plan.seed + 1,
    run: `${plan.run}-spike`,
    durationMsMax: request.parsed.system.drills.freezeMs + START_MS,
    samplesFile: join(request.scratch, `spike-${turn}.ndjson`),
  };
}

interface Surplus {
  readonly surplus: LoadResult;
  readonly plan: LoadPlan;
  readonly freezeMs: number;
}

/** Whether there was a spike at all, and what was shed of it. */
function noteSurplus(notes: Notes, { surplus, plan, freezeMs }: Surplus): void {
  const { samples, check } = surplus;
  const spike = { fromMs: 0, toMs: freezeMs };
  const due = Math.floor((plan.ratePerSecond * freezeMs) / SECOND_MS);
  const sent = dueWithin(samples, spike).length;
  notes.stopped = stoppedWithin(samples, spike);
  if (!check.ok) {
    const late = `its requests were ${check.sendLagP99Ms.toFixed(1)} ms late (p99)`;
    notes.doubts.push(`the spike's generator was too slow to believe: ${late}`);
  }
  if (sent < SENT_SHARE_MIN * due) {
    notes.doubts.push(`the spike was none: ${sent} of ${due} surplus requests were sent`);
  } else notes.injected = `${sent} requests more than declared were sent in ${freezeMs} ms`;
}

/** What was shed may fail; what was acknowledged may not be lost, nor anything done twice. */
async function noteWrites(
  notes: Notes,
  { setting, run, samples }: { setting: RunSetting; run: string; samples: readonly Sample[] },
): Promise<void> {
  const audited = await auditWrites(setting, { name: run, samples });
  if (audited === undefined) return;
  if (!audited.ok) {
    notes.doubts.push(audited.error);
    return;
  }
  const { lost, doubled } = audited.value.writes;
  if (lost > 0) notes.wrongs.push(`${lost} acknowledged writes of the spike are lost`);
  if (doubled > 0) notes.wrongs.push(`${doubled} writes of the spike were applied twice`);
}

/** More load may not mean less work: what is served stays above the declared rate. */
function shortfall(
  samples: readonly Sample[],
  ratePerSecond: number,
  spikeMs: number,
): readonly string[] {
  const served = samples.filter(({ outcome }) => outcome === "ok").length;
  const goodput = (served * SECOND_MS) / spikeMs;
  if (goodput >= ratePerSecond) return [];
  return [`goodput was ${goodput.toFixed(0)}/s, below the declared ${ratePerSecond}/s`];
}
