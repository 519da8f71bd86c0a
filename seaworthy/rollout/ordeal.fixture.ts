import assert from "node:assert/strict";
import { diff } from "../plan/diff.ts";
import type { ServiceUnit } from "../plan/graph.ts";
import type { Step } from "../record/step.ts";
import { befallWorld, type Hardship, hardTarget } from "./hardship.fixture.ts";
import { ModelTarget } from "./model-target.fixture.ts";
import type { RolloutOutcome } from "./outcome.ts";
import { aGraph, aRelease, aRequest, aService, journalled } from "./requests.fixture.ts";
import { converge } from "./run.ts";
import { virtualClock } from "./virtual-clock.fixture.ts";

/** How it ended, with the world as it really is. */
export interface Ended {
  readonly outcome: RolloutOutcome;
  readonly model: ModelTarget;
  /** The journal says that it ended. */
  readonly isOver: boolean;
}

const BAKE_MS = 3_000;
/** A run that died is followed by the next one when what it did shows. */
const BETWEEN_RUNS_MS = 2_000;
/** Every wait of a run has a deadline; all of them one after the other, and nothing more. */
const RUN_MS_MAX = 3 * 3_600_000;

/** Lives through a hardship; throws where a step breaks a promise on the way. */
export async function live(hardship: Hardship): Promise<Ended> {
  const model = new ModelTarget(virtualClock());
  model.serving("api", "r1", hardship.before);
  model.behaviours.set("r2", hardship.fresh);
  model.ratePerSecond = hardship.ratePerSecond;
  const target = hardTarget(model, hardship, (step) => checkStep(step, model, hardship));
  void befallWorld(model, hardship);
  for (let turn = 0; ; turn += 1) {
    const outcome = await run(hardship, { model, target, turn });
    const isOver = journalled(model).at(-1) !== "intent" && isEnded(model);
    if (isOver || hardship.cuts[turn] === undefined) return { outcome, model, isOver };
    await model.clock.sleep(BETWEEN_RUNS_MS);
  }
}

function isEnded(model: ModelTarget): boolean {
  const last = journalled(model).findLast((entry) => entry === "begin" || entry === "end");
  return last !== "begin";
}

interface Turn {
  readonly model: ModelTarget;
  readonly target: ModelTarget["target"];
  readonly turn: number;
}

async function run(hardship: Hardship, { model, target, turn }: Turn): Promise<RolloutOutcome> {
  const unit = aUnit(hardship);
  const graph = aGraph([unit]);
  const releases = new Map([["api", { release: aRelease("r2"), unit }]]);
  const wanted = new Map([["api", aRelease("r2")]]);
  const observed = model.observed();
  const plan = diff({ graph, observed, releases: wanted, provenObjectives: [] });
  const cut = hardship.cuts[turn];
  const gone = new AbortController();
  const over = new AbortController();
  model.epoch += 1;
  const { clock, applied } = model;
  const since = { ms: clock.now(), steps: applied.length };
  if (cut?.how === "lease-lost") {
    void clock.sleep(cut.afterMs, over.signal).then(
      () => gone.abort(new Error("the lease is lost")),
      () => undefined,
    );
  }
  const { request } = aRequest(model, {
    target,
    graph,
    plan,
    releases,
    lease: { ...model.lease, lost: gone.signal },
    signal: gone.signal,
    emit: () => {
      const isKilled = cut?.how === "killed" && applied.length - since.steps >= cut.step;
      if (isKilled) gone.abort(new Error("killed"));
    },
    stopRequested: () => cut?.how === "ctrl-c" && clock.now() - since.ms > cut.afterMs,
    inconclusive: () =>
      hardship.answer === "nobody" ? new Promise(() => {}) : Promise.resolve(hardship.answer),
  });
  const outcome = await converge(request);
  over.abort();
  assert.ok(outcome.seconds * 1_000 <= RUN_MS_MAX, `${outcome.seconds} s`);
  return outcome;
}

function aUnit({ strategy, shares, replicas, surge }: Hardship): ServiceUnit {
  const { rollout } = aService();
  const canary = strategy === "canary" ? shares.map((share) => ({ share, bakeMs: BAKE_MS })) : [];
  return aService({
    replicas,
    bootMs: 10_000,
    drainMs: 2_000,
    stopMs: 2_000,
    rollout: { ...rollout, strategy, canary, surge, bakeMs: BAKE_MS },
  });
}

function checkStep(step: Step, model: ModelTarget, hardship: Hardship): void {
  const { before, replicas, surge, strategy } = hardship;
  const wider = strategy === "blue-green" ? Math.max(surge, before, replicas) : surge;
  if (step.action === "start") {
    const limit = Math.max(before, replicas) + wider;
    assert.ok(model.machines.size < limit, `${step.instance} beyond ${limit} instances`);
  }
  if (step.action !== "stop" && step.action !== "drain") return;
  const one = model.machines.get(step.instance);
  assert.ok(one?.routed !== true, `${step.action} of ${step.instance}, which is routed`);
}

/** What the outcome's word says must be so. */
export function checkEnd({ outcome, model, isOver }: Ended, hardship: Hardship): void {
  const said = `${outcome.outcome}: ${outcome.because}`;
  switch (outcome.outcome) {
    case "done":
      return serves(model, { release: "r2", count: hardship.replicas, said });
    case "nothing-to-do":
      return serves(model, { release: "r2", count: hardship.replicas, said });
    case "rolled-back":
    case "could-not-verify":
      return serves(model, { release: "r1", count: hardship.before, said });
    case "interrupted":
      assert.ok(isOver, `${said}: nobody cut the last run`);
      return serves(model, { release: "r1", count: hardship.before, said });
    case "failed":
      assert.match(outcome.because, /nobody answers/, said);
      return;
    case "not-rolled-back":
      assert.ok(isProvoked(hardship), said);
      assert.match(outcome.because, /now |nobody answers|the next run/, said);
      return;
    case "refused":
    case "locked":
      assert.fail(said);
  }
}

/** Something failed that is not the release's own fault, or it died after it was proved. */
function isProvoked({ mishaps, deaf, deaths, fresh }: Hardship): boolean {
  const isBad = fresh.crashesAfterMs !== undefined || fresh.neverReady === true;
  return mishaps.length + deaf.length + deaths.length > 0 || isBad;
}

function serves(
  model: ModelTarget,
  wanted: { readonly release: string; readonly count: number; readonly said: string },
): void {
  const { release, count, said } = wanted;
  const there = [...model.machines.values()].map(
    (one) => `${one.release}${one.routed ? " routed" : ""} ${one.weight}`,
  );
  const weight = [...model.machines.values()][0]?.weight;
  assert.deepEqual(
    there,
    Array.from({ length: count }, () => `${release} routed ${weight}`),
    said,
  );
  assert.equal(model.units.get("api")?.committed, release, said);
}
