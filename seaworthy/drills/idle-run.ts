import {
  descriptorsMax,
  IdleConnections,
  type HeldConnections,
  type IdlePlan,
} from "../load/idle-connections.ts";
import { secureOptions } from "../load/trust.ts";
import { DrillAborted } from "./aborted.ts";
import { conclude, freshNotes, mayBreak, type Notes } from "./notes.ts";
import { intervalOf, type Prediction, type PredictionBasis } from "./prediction.ts";
import { MARGIN_MS } from "./predict.ts";
import { Stage, type RunSetting } from "./stage.ts";
import type { RunFinding } from "./verdict.ts";

/** Where no objective says how many: what one machine should hold (resilience.md D29). */
const CONNECTIONS = 10_000;
/** What an edge that admits fewer must keep for those who come to work. */
const LOAD_SHARE = 0.1;
/** Connections are opened at 2,000 a second, and the last are answered within this. */
const ANSWER_MS = 15_000;
const RAMP_PER_SECOND = 2_000;
/** Of an edge, for a client's connection: HAProxy takes two (resilience.md §3). */
const DESCRIPTORS_EACH = 2;
/** Where the declaration has no edge of its own. */
const KEEP_ALIVE_MS = 60_000;

/** Holds many connections open that say nothing, while the declared load goes on. */
export async function idleRun(setting: RunSetting): Promise<RunFinding> {
  const notes = freshNotes();
  await using stage = await Stage.open(setting);
  try {
    const steady = await stage.steady();
    notes.baseline = steady.span;
    if (mayBreak(steady, notes)) await hold({ setting, stage, notes });
  } catch (error) {
    if (!(error instanceof DrillAborted)) throw error;
    notes.aborted = error.message;
  }
  return await conclude(setting, stage, notes);
}

export function predictIdle(basis: PredictionBasis): Prediction {
  const rampMs = (idleCount(basis) / RAMP_PER_SECOND) * 1_000;
  return {
    interval: intervalOf({ what: "outage: none", fromMs: 0, toMs: 0, varies: [] }),
    figure: "unavailable",
    failingMsMax: MARGIN_MS,
    wholeMsMax: MARGIN_MS,
    lastsMsMax: rampMs + ANSWER_MS + basis.drills.windowMs,
  };
}

interface Holding {
  readonly setting: RunSetting;
  readonly stage: Stage;
  readonly notes: Notes;
}

async function hold({ setting, stage, notes }: Holding): Promise<void> {
  const { request } = setting;
  const { drills, edge, objectives } = request.parsed.system;
  const plan = await planOf(setting);
  const fromMs = stage.run.nowMs();
  notes.window = { fromMs, toMs: fromMs + drills.windowMs };
  const detail = `opening ${plan.count} connections`;
  request.emit({ kind: "drill", drill: request.name, phase: "inject", detail });
  await using idle = new IdleConnections(plan, request.clock);
  const over = new AbortController();
  const keeping = idle.keep(over.signal);
  try {
    await stage.during("the connections to be open", (signal) => idle.open(signal));
    const opened = idle.counts;
    // An independent count, by the requests that the edge answered on them.
    if (opened.held > 0) notes.injected = `${opened.held} connections were answered, and stay open`;
    const toMs = stage.run.nowMs() + drills.windowMs;
    notes.window = { fromMs, toMs };
    await stage.observe(toMs, "the connections to stay open");
    const { count: wanted } = plan;
    const admitted = edge?.limits.connections ?? wanted;
    const held = { wanted, admitted, counts: idle.counts, descriptors: descriptorsMax() };
    judgeHeld(notes, { ...held, declared: objectives.connections });
  } finally {
    over.abort();
    await keeping;
    request.emit({ kind: "drill", drill: request.name, phase: "undo", detail: "closing them" });
    await idle[Symbol.asyncDispose]();
    notes.undoneMs = stage.run.nowMs();
    notes.undone = "all of them are closed";
  }
  if (edge !== undefined && plan.keepAliveMs < drills.windowMs) {
    const again = `each was asked again within ${plan.keepAliveMs} ms: the edge closes idle ones`;
    request.emit({ kind: "drill", drill: request.name, phase: "observe", detail: again });
  }
}

interface Judging {
  readonly wanted: number;
  /** What the edge is declared to admit. */
  readonly admitted: number;
  /** What one process may have open; undefined: nobody can say. */
  readonly descriptors: number | undefined;
  readonly counts: HeldConnections;
  readonly declared: number | undefined;
}

/** What the machine would not give says nothing about the system. */
export function judgeHeld(
  notes: Pick<Notes, "connections" | "doubts" | "wrongs">,
  { wanted, admitted, counts, descriptors = Infinity, declared }: Judging,
): void {
  const { held, refused, cut, unanswered, exhausted } = counts;
  notes.connections = held;
  if (held >= wanted) return;
  const isEdgeShort = admitted >= wanted && descriptors < DESCRIPTORS_EACH * wanted;
  if (exhausted || isEdgeShort) {
    const limit = exhausted
      ? "this machine gave no more descriptors or ports"
      : `a process has ${descriptors} descriptors here, and an edge may take two for each`;
    notes.doubts.push(`${held} of ${wanted} connections were held: ${limit}`);
    return;
  }
  const figures = `${refused} refused, ${unanswered} not answered, ${cut} cut`;
  if (declared === undefined) {
    notes.wrongs.push(`${held} of ${wanted} connections were held: ${figures}`);
  }
}

async function planOf(setting: RunSetting): Promise<IdlePlan> {
  const { unit, load, url, trust, request } = setting;
  const { edge, objectives } = request.parsed.system;
  const safe = load.mix.find(({ method, class: kind }) => method === "GET" && kind === "safe");
  return {
    url,
    secure: trust && (await secureOptions(trust, new URL(url).hostname)),
    path: safe?.path ?? unit.probe.path,
    count: objectives.connections ?? idleCount({ edge }),
    keepAliveMs: edge?.timeouts.keepAliveMs ?? KEEP_ALIVE_MS,
    answerMs: ANSWER_MS,
  };
}

/** As many as the edge admits, but for those that the load needs; 10,000 at most. */
function idleCount({ edge }: Pick<PredictionBasis, "edge">): number {
  const admitted = edge?.limits.connections ?? CONNECTIONS;
  return Math.min(CONNECTIONS, Math.floor(admitted * (1 - LOAD_SHARE)));
}
