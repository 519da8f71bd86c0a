import { present } from "@seaworthy/std/assert";
import { deadline } from "@seaworthy/std/clock";
import { backoffMs, poll } from "@seaworthy/std/retry";
import { NOTHING } from "../load/window.ts";
import type { ObservedInstance } from "../plan/observed.ts";
import type { ClassCounts } from "../record/evidence.ts";
import { DrillAborted } from "./aborted.ts";
import { FaultUnderWay } from "./fault-under-way.ts";
import { conclude, freshNotes, mayBreak, notUndone, type Notes } from "./notes.ts";
import { KILLS } from "./predict-releases.ts";
import { chooseVictim } from "./preflight.ts";
import { Stage, type RunSetting } from "./stage.ts";
import type { RunFinding } from "./verdict.ts";
import { unitSeen } from "./whole.ts";
import { Aftermath } from "./wholeness.ts";

const LOOK_MS = 20;
/** Beyond its backoff: a process that starts on a busy machine. */
const START_MS = 30_000;
/** A pause this much shorter than the backoff is not a look that came late. */
const SHORTER = 0.9;

/** One run of a crash loop: one instance is killed each time that it is there again. */
export async function crashLoopRun(setting: RunSetting): Promise<RunFinding> {
  const notes = freshNotes();
  await using stage = await Stage.open(setting);
  try {
    const steady = await stage.steady();
    notes.baseline = steady.span;
    if (mayBreak(steady, notes)) await loop({ setting, stage, notes });
  } catch (error) {
    if (!(error instanceof DrillAborted)) throw error;
    notes.aborted = error.message;
  }
  return await conclude(setting, stage, notes);
}

interface Looping {
  readonly setting: RunSetting;
  readonly stage: Stage;
  readonly notes: Notes;
}

async function loop(looping: Looping): Promise<void> {
  const { setting, stage, notes } = looping;
  const { request, unit, before, random } = setting;
  const victim = chooseVictim(present(unitSeen(before, unit.name), unit.name), random);
  stage.mayHurt(victim.id);
  const fromMs = stage.run.nowMs();
  const { windowMs } = request.parsed.system.drills;
  notes.window = { fromMs, toMs: fromMs + windowMs };
  notes.inFlightOnVictim = NOTHING;
  const seen: Killed[] = [];
  try {
    await stage.during("the crash loop", (signal) => killAll(looping, { victim, seen, signal }));
  } finally {
    notes.window = { fromMs, toMs: Math.max(fromMs + windowMs, stage.run.nowMs()) };
    note(looping, { victim, seen });
  }
  const last = seen.at(-1);
  if (last === undefined) return;
  const aftermath = new Aftermath({
    request,
    injectedWallMs: last.wallMs,
    exposed: undefined,
    wholeWhileBroken: true,
    recoversFrom: "injection",
  });
  notes.whole = () => aftermath.whole(setting.prediction.wholeMsMax);
  await stage.observe(fromMs + windowMs, "the rest of the window");
}

interface Killed {
  readonly wallMs: number;
  /** Until another process stood in its place. */
  readonly pauseMs: number;
}

async function killAll(
  looping: Looping,
  given: {
    readonly victim: ObservedInstance;
    readonly seen: Killed[];
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { victim, seen, signal } = given;
  for (let pid = victim.pid; seen.length < KILLS; ) {
    const killed = await killOnce(looping, victim);
    pid = await untilAnother(looping, { victim, pid, signal });
    seen.push({ wallMs: killed, pauseMs: looping.setting.request.clock.wall() - killed });
  }
}

/** Resolves to when it was killed, on the wall clock. */
async function killOnce({ setting, notes }: Looping, { id: instance }: ObservedInstance) {
  const { request } = setting;
  await using fault = await FaultUnderWay.prepare({ request, fault: { kind: "kill", instance } });
  const injection = await fault.inject();
  notes.inFlightOnVictim = sum(notes.inFlightOnVictim, injection.inFlight);
  const undo = await fault.undo();
  if (!undo.undone) notUndone(notes, undo.because);
  return injection.wallMs;
}

/** The pid of the process that was started in its place. */
async function untilAnother(
  { setting }: Looping,
  asked: {
    readonly victim: ObservedInstance;
    readonly pid: number | undefined;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const { request, unit } = setting;
  const { target, clock } = request;
  const ms = unit.restart.backoffMaxMs + START_MS;
  const signal = deadline(ms, `another start of ${asked.victim.id}`, asked.signal);
  const look = async (): Promise<number | undefined> => {
    const now = unitSeen(await target.observe(signal), unit.name);
    const pid = now?.instances.find(({ id }) => id === asked.victim.id)?.pid;
    return pid === asked.pid ? undefined : pid;
  };
  return await poll(look, { clock, everyMs: LOOK_MS, signal });
}

/** What the loop shows, whatever ended it. */
function note(
  { setting, notes }: Looping,
  { victim, seen }: { readonly victim: ObservedInstance; readonly seen: readonly Killed[] },
): void {
  const { backoffFirstMs: firstMs, backoffMaxMs: maxMs } = setting.unit.restart;
  for (const [at, { pauseMs }] of seen.entries()) {
    const backoff = backoffMs(at, { firstMs, maxMs });
    if (pauseMs >= SHORTER * backoff) continue;
    const pause = `${Math.round(pauseMs)} ms after end ${at + 1}`;
    notes.wrongs.push(`${victim.id} was started again ${pause}, and its backoff is ${backoff} ms`);
  }
  if (seen.length < KILLS) return;
  const pauses = seen.map(({ pauseMs }) => Math.round(pauseMs)).join(", ");
  notes.injected = `${victim.id} was killed ${KILLS} times and started again after ${pauses} ms`;
  notes.undone = `${victim.id} runs again`;
}

function sum(left: ClassCounts | undefined, right: ClassCounts | undefined): ClassCounts {
  const [a, b] = [left ?? NOTHING, right ?? NOTHING];
  return {
    safe: a.safe + b.safe,
    idempotent: a.idempotent + b.idempotent,
    unsafe: a.unsafe + b.unsafe,
    stream: a.stream + b.stream,
  };
}
