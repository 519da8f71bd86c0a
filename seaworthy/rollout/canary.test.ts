import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceUnit } from "../plan/graph.ts";
import type { Behaviour, ModelTarget } from "./model-target.fixture.ts";
import {
  aGraph,
  aRequest,
  aService,
  aWorld,
  GOOD,
  journalled,
  modelLoad,
  runs,
  type Watched,
} from "./requests.fixture.ts";
import type { ConvergeRequest } from "./request.ts";
import { converge } from "./run.ts";

const STEPS = [
  { share: 0.05, bakeMs: 10_000 },
  { share: 0.25, bakeMs: 10_000 },
];

function aCanary(change: Partial<ServiceUnit["rollout"]> = {}): ServiceUnit {
  const { rollout } = aService();
  return aService({ rollout: { ...rollout, strategy: "canary", canary: STEPS, ...change } });
}

function canary(model: ModelTarget, change: Partial<ConvergeRequest> = {}): Watched {
  return aRequest(model, { graph: aGraph([aCanary()]), ...change });
}

/** A world whose release before serves for a while, with this many requests a second. */
function aBusyWorld(fresh: Behaviour = GOOD, ratePerSecond = 500): ModelTarget {
  const model = aWorld(fresh);
  model.ratePerSecond = ratePerSecond;
  return model;
}

function sharesOf(model: ModelTarget): readonly (number | undefined)[] {
  return model.applied.flatMap((step) => (step.action === "switch" ? [step.shares?.["r2"]] : []));
}

test("a canary is judged at each share beside the release before it, then rolled out", async () => {
  const model = aBusyWorld();
  const { request, events } = canary(model);
  const outcome = await converge(request);
  assert.equal(outcome.outcome, "done", outcome.because);
  assert.equal(runs(model), "r2 ×3");
  assert.equal(model.units.get("api")?.committed, "r2");
  assert.deepEqual(sharesOf(model).slice(0, 3), [0.05, 0.25, undefined]);
  const shown = events.flatMap((event) => (event.kind === "bake" ? [event] : []));
  assert.deepEqual([...new Set(shown.map(({ share }) => share))], [0.05, 0.25, undefined]);
  const last = shown.findLast(({ share }) => share === 0.25);
  assert.ok((last?.control?.requests ?? 0) > 2 * (last?.requests ?? 0));
});

const BAD: Readonly<Record<string, { behaviour: Behaviour; says: RegExp }>> = {
  "answers with errors": {
    behaviour: { bootMs: 500, errorRatio: 0.2 },
    says: /failed \(.*; of the release beside it 0 %/,
  },
  "is slow": { behaviour: { bootMs: 500, latencyMs: 150 }, says: /of the release beside it/ },
  dies: { behaviour: { bootMs: 500, crashesAfterMs: 4_000 }, says: /restarted|died/ },
};

for (const [what, { behaviour, says }] of Object.entries(BAD)) {
  test(`a canary that ${what} is taken back at its first share`, async () => {
    const model = aBusyWorld(behaviour);
    const outcome = await converge(canary(model).request);
    assert.equal(outcome.outcome, "rolled-back", outcome.because);
    assert.match(outcome.because, says);
    assert.equal(runs(model), "r1 ×3");
    assert.ok(sharesOf(model).every((share) => share === undefined || share <= 0.05));
    const started = model.applied.filter((step) => step.action === "start");
    assert.equal(started.length, 1, "one canary, and nothing more of it");
  });
}

const COLD = { fromMs: 2_000, toMs: 7_000 };
const AGAIN = { fromMs: 8_000, toMs: 18_000 };

test("a canary that the edge leaves out once, while cold, is judged when it is back", async () => {
  const model = aBusyWorld({ ...GOOD, ejections: [COLD] });
  let timesOut = 0;
  const emit = (): void => {
    const isOut = model
      .observed()
      .units.some(({ instances }) => instances.some(({ ejected }) => ejected !== undefined));
    if (isOut) timesOut += 1;
  };
  const outcome = await converge({ ...canary(model).request, emit });
  assert.equal(outcome.outcome, "done", outcome.because);
  assert.equal(runs(model), "r2 ×3");
  assert.ok(timesOut > 0, "it was left out");
});

test("a canary that the edge leaves out again is taken back for that, at its share", async () => {
  const model = aBusyWorld({ ...GOOD, ejections: [COLD, AGAIN] });
  const outcome = await converge(canary(model).request);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  const says = /api-4 of the new release was left out by the edge: it is slow \(2 times\)/;
  assert.match(outcome.because, says);
  assert.match(outcome.detail.join("\n"), /api-4 stderr/);
  assert.equal(runs(model), "r1 ×3");
  assert.ok(sharesOf(model).every((share) => share === undefined || share <= 0.05));
});

test("where the edge leaves out the release beside it too, that says nothing", async () => {
  const model = aBusyWorld({ ...GOOD, ejections: [COLD, { ...AGAIN, toMs: 11_000 }] });
  // They have served for a minute when it begins: out for a second in the midst of its bake.
  const now = { fromMs: 64_000, toMs: 65_000 };
  model.behaviours.set("r1", { bootMs: 0, ejections: [now] });
  const outcome = await converge(canary(model).request);
  assert.equal(outcome.outcome, "done", outcome.because);
  assert.equal(runs(model), "r2 ×3");
});

test("a canary that the edge leaves out for good has not stayed ready, and why", async () => {
  const model = aBusyWorld({ ...GOOD, ejections: [{ fromMs: 2_000, toMs: 900_000 }] });
  const outcome = await converge(canary(model).request);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  assert.match(outcome.because, /api-4 \(left out by the edge: it is slow\) did not stay ready/);
});

test("what both releases suffer from is asked about, and goes back without an answer", async () => {
  const model = aBusyWorld({ bootMs: 500, errorRatio: 0.2 });
  model.behaviours.set("r1", { bootMs: 0, errorRatio: 0.2 });
  const outcome = await converge(canary(model).request);
  assert.equal(outcome.outcome, "could-not-verify", outcome.because);
  assert.match(outcome.because, /the release beside it fails too/);
  assert.equal(runs(model), "r1 ×3");
});

test("a person may take on what nobody can judge: each share is asked about", async () => {
  const model = aBusyWorld(GOOD, 1);
  const asked: string[] = [];
  const inconclusive = async (unit: string) => {
    asked.push(unit);
    return "keep" as const;
  };
  const outcome = await converge(canary(model, { inconclusive }).request);
  assert.equal(outcome.outcome, "done", outcome.because);
  assert.deepEqual(asked, ["api", "api", "api"]);
});

test("a canary that goes bad while a person thinks is taken back without an answer", async () => {
  const model = aBusyWorld(GOOD, 4);
  const inconclusive = () => {
    model.ratePerSecond = 500;
    model.behaviours.set("r2", { bootMs: 0, errorRatio: 0.5 });
    return new Promise<never>(() => {});
  };
  const outcome = await converge(canary(model, { inconclusive }).request);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  assert.equal(runs(model), "r1 ×3");
});

test("Ctrl-C while a person thinks goes back", async () => {
  const model = aBusyWorld(GOOD, 1);
  let isAsked = false;
  const outcome = await converge(
    canary(model, {
      inconclusive: () => {
        isAsked = true;
        return new Promise<never>(() => {});
      },
      stopRequested: () => isAsked,
    }).request,
  );
  assert.equal(outcome.outcome, "interrupted", outcome.because);
  assert.equal(runs(model), "r1 ×3");
});

test("its own requests go to both groups alike: a quiet service can be judged", async () => {
  const model = aBusyWorld(GOOD, 0);
  const load = modelLoad(model, "all");
  const graph = aGraph([aCanary({ bakeRequestsMin: 90 })]);
  const outcome = await converge(canary(model, { startLoad: load, graph }).request);
  assert.equal(outcome.outcome, "done", outcome.because);
  const pairs = load.plans.filter(({ run }) => /step-\d$/.test(run));
  const named = pairs.map(({ mix }) => mix.map(({ headers }) => headers["seaworthy-instance"]));
  assert.deepEqual(named, [
    ["api-4", "api-1"],
    ["api-4", "api-1"],
  ]);
});

test("an edge that forgets its counters changes no verdict", async () => {
  const model = aBusyWorld({ bootMs: 500, errorRatio: 0.2 });
  model.onStep = (step) => {
    if (step.action === "switch") model.forgetCounters();
    return undefined;
  };
  const bad = await converge(canary(model).request);
  assert.equal(bad.outcome, "rolled-back", bad.because);
  model.behaviours.set("r2", GOOD);
  const good = await converge(canary(model).request);
  assert.equal(good.outcome, "done", good.because);
});

test("a bake that lasts longer than rolling may take is no reason to go back", async () => {
  const model = aBusyWorld();
  const hour = 3_600_000;
  const canarySteps = [{ share: 0.5, bakeMs: hour }];
  const graph = aGraph([aCanary({ canary: canarySteps, bakeMs: hour })]);
  const outcome = await converge(canary(model, { graph }).request);
  assert.equal(outcome.outcome, "done", outcome.because);
});

async function killedAt(model: ModelTarget, stepNumber: number): Promise<void> {
  const kill = new AbortController();
  model.onStep = () => {
    if (model.applied.length === stepNumber) kill.abort(new Error("second Ctrl-C"));
    return undefined;
  };
  const cut = await converge(canary(model, { signal: kill.signal }).request);
  model.onStep = () => undefined;
  assert.equal(cut.outcome, "interrupted", `step ${stepNumber}: ${cut.because}`);
}

test("aborted at any step, the next run goes on where it stood, and judges again", async () => {
  const whole = aBusyWorld();
  await converge(canary(whole).request);
  for (let step = 1; step < whole.applied.length; step += 1) {
    const model = aBusyWorld();
    await killedAt(model, step);
    const before = model.applied.length;
    const { request, events } = canary(model);
    const again = await converge(request);
    assert.equal(again.outcome, "done", `step ${step}: ${again.because}`);
    assert.equal(runs(model), "r2 ×3");
    const isCommitted = model.applied.slice(0, before).some(({ action }) => action === "commit");
    const isJudged = events.some((event) => event.kind === "bake" && event.share === undefined);
    assert.ok(isCommitted || isJudged, `step ${step}: all of it was judged`);
  }
});

test("a share that no declared step explains is taken back, never promoted", async () => {
  const model = aBusyWorld();
  const steps = [{ share: 0.6, bakeMs: 10_000 }];
  const kill = new AbortController();
  const emit: ConvergeRequest["emit"] = (body) => {
    if (body.kind === "bake") kill.abort(new Error("the runner is gone"));
  };
  const graph = aGraph([aCanary({ canary: steps })]);
  await converge({ ...canary(model, { graph, signal: kill.signal }).request, emit });
  const { request } = canary(model);
  // A run that believed nothing leaves nothing to believe to the next one.
  const gone = new AbortController();
  const define = async (): Promise<void> => gone.abort(new Error("gone again"));
  const target = { ...model.target, define };
  await converge({ ...request, target, signal: gone.signal });
  assert.equal(journalled(model).filter((entry) => entry === "begin").length, 2);
  const outcome = await converge(request);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  assert.match(outcome.because, /r2 takes 60 % of the requests, and a share of 5 % is not judged/);
  assert.equal(runs(model), "r1 ×3");
});
