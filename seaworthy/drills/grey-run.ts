import { request as httpRequest } from "undici";
import { deadline } from "@seaworthy/std/clock";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { poll } from "@seaworthy/std/retry";
import { freshId } from "@seaworthy/std/random";
import type { ServiceUnit } from "../plan/graph.ts";
import type { ObservedInstance } from "../plan/observed.ts";
import type { Release } from "../record/release.ts";
import { DrillAborted } from "./aborted.ts";
import type { Impairment } from "./impairment.ts";
import { conclude, freshNotes, mayBreak, type Notes } from "./notes.ts";
import { chooseVictim } from "./preflight.ts";
import { impaired } from "./sibling.ts";
import { Stage, type RunSetting } from "./stage.ts";
import { orderPath } from "./symptoms.ts";
import type { RunFinding } from "./verdict.ts";
import { describe, goBack, servingRelease } from "./way-back.ts";
import { unitSeen } from "./whole.ts";

const ORDER_MS = 5_000;
const OBSERVE_MS = 10_000;
const LOOK_MS = 50;
const SERVER_ERROR = 500;

/** Its roll is no part of the drill: a machine that is busy then must not take it back. */
const UNJUDGED: Partial<ServiceUnit["rollout"]> = {
  strategy: "rolling",
  bakeMs: 0,
  bakeRequestsMin: 0,
  abort: { errorRatio: 1, p95Factor: Number.MAX_SAFE_INTEGER },
};

/**
 * One run in which a single instance turns grey: its checks pass and its real answers are errors.
 * The same content is rolled in as a release that can be told to, and rolled back afterwards.
 */
export async function greyRun(setting: RunSetting): Promise<RunFinding> {
  const notes = freshNotes();
  await using stage = await Stage.open(setting);
  try {
    const steady = await stage.steady();
    notes.baseline = steady.span;
    if (mayBreak(steady, notes)) await turnOneGrey({ setting, stage, notes });
  } catch (error) {
    if (!(error instanceof DrillAborted)) throw error;
    notes.aborted = error.message;
  }
  return await conclude(setting, stage, notes);
}

interface Greying {
  readonly setting: RunSetting;
  readonly stage: Stage;
  readonly notes: Notes;
}

async function turnOneGrey(greying: Greying): Promise<void> {
  const { setting, stage, notes } = greying;
  const { request, unit, turn } = setting;
  const token = freshId(8);
  const path = realPath(setting);
  const own = await servingRelease(setting, notes);
  const seed = request.seed + turn;
  const unjudged = { ...unit, rollout: { ...unit.rollout, ...UNJUDGED } };
  const sibling = impaired(impairmentOf(setting, token), { ...request, unit: unjudged, seed });
  const because = path.ok ? (sibling.ok ? undefined : sibling.error) : path.error;
  if (because !== undefined) notes.doubts.push(because);
  if (own === undefined || !sibling.ok || !path.ok) return;
  const fromMs = stage.run.nowMs();
  try {
    const { outcome, because: why } = await stage.during("the roll", (signal) =>
      request.roll(sibling.value, signal),
    );
    if (outcome === "done") {
      const release = await describe(setting, sibling.value);
      await grey(greying, { release, token, path: path.value });
    } else notes.doubts.push(`the roll before the fault ended as ${outcome}: ${why}`);
  } finally {
    notes.window ??= { fromMs, toMs: stage.run.nowMs() };
    await goBack(setting, notes, own);
    notes.undoneMs = stage.run.nowMs();
  }
}

function impairmentOf({ request, unit, turn }: RunSetting, token: string): Impairment {
  return {
    ill: { kind: "errors", ratio: 1 },
    onset: { when: "told", token },
    spares: undefined,
    seed: request.seed + turn,
    checks: { health: unit.health.path, ready: unit.ready.path },
  };
}

/** A path of the load that no check asks: there alone a grey instance differs from a sound one. */
function realPath({ load, unit }: RunSetting): Result<string, string> {
  const checks = [unit.health.path, unit.ready.path];
  const safe = load.mix.find(({ method, path }) => method === "GET" && !checks.includes(path));
  if (safe !== undefined) return ok(safe.path);
  return refuse(`every GET of the load is a check of ${unit.name}: none would see a grey instance`);
}

interface Grey {
  readonly release: Release;
  readonly token: string;
  readonly path: string;
}

/** Tells one instance, sees that it does, and waits until the edge leaves it out. */
async function grey({ setting, stage, notes }: Greying, given: Grey): Promise<void> {
  const { request, unit, random } = setting;
  const { name: drill, emit, target } = request;
  const observed = await target.observe(deadline(OBSERVE_MS, "what serves now", request.signal));
  const seen = unitSeen(observed, unit.name);
  const ours = (seen?.instances ?? []).filter(({ release }) => release === given.release.id);
  if (seen === undefined || ours.length === 0) {
    notes.doubts.push("no instance of the release that can turn grey was seen");
    return;
  }
  const victim = chooseVictim({ ...seen, instances: ours }, random);
  stage.mayHurt(victim.id);
  emit({ kind: "drill", drill, phase: "inject", detail: `${victim.id} answers errors` });
  const fromMs = stage.run.nowMs();
  const { windowMs } = request.parsed.system.drills;
  notes.window = { fromMs, toMs: fromMs + windowMs };
  try {
    await ask(victim, orderPath(given.token, "begin"));
    const status = await ask(victim, given.path);
    if (status >= SERVER_ERROR)
      notes.injected = `${victim.id} answers ${given.path} with ${status}`;
    const isOver = new AbortController();
    const leftOut = untilLeftOut(setting, { victim, over: isOver.signal });
    void leftOut.then((at) => {
      notes.tookMs = at === undefined ? undefined : stage.run.nowMs() - fromMs;
    });
    await stage.observe(fromMs + windowMs, "the window of the fault");
    isOver.abort();
    await leftOut;
  } finally {
    notes.window = { fromMs, toMs: Math.min(fromMs + windowMs, stage.run.nowMs()) };
    await ask(victim, orderPath(given.token, "end")).catch(() => undefined);
  }
}

/** The moment at which the edge sends it nothing; undefined: it did to the end. */
async function untilLeftOut(
  { request, unit }: RunSetting,
  asked: { readonly victim: ObservedInstance; readonly over: AbortSignal },
): Promise<number | undefined> {
  const { target, clock } = request;
  const look = async (): Promise<number | undefined> => {
    const observed = await target.observe(asked.over).catch(() => undefined);
    const now = observed === undefined ? undefined : unitSeen(observed, unit.name);
    const victim = now?.instances.find(({ id }) => id === asked.victim.id);
    return victim !== undefined && victim.state !== "ready" ? clock.now() : undefined;
  };
  return await poll(look, { clock, everyMs: LOOK_MS, signal: asked.over }).catch(() => undefined);
}

/** Straight to the instance, past the edge: the status of its answer. */
async function ask({ id, address }: ObservedInstance, path: string): Promise<number> {
  if (address === undefined) throw new DrillAborted(`${id} has no address of its own`);
  const url = `http://${address.host}:${address.port}${path}`;
  const signal = deadline(ORDER_MS, `an answer of ${id}`);
  const { statusCode, body } = await httpRequest(url, { signal });
  await body.dump();
  return statusCode;
}
