import assert from "node:assert/strict";
import { test } from "node:test";
import type { RolloutOutcome } from "./outcome.ts";
import { type Behaviour, ModelTarget } from "./model-target.fixture.ts";
import {
  aGraph,
  aPlan,
  aRequest,
  aService,
  aStep,
  aWorld,
  GOOD,
  journalled,
  modelLoad,
  runs,
} from "./requests.fixture.ts";
import { converge } from "./run.ts";
import { virtualClock } from "./virtual-clock.fixture.ts";

test("rolls to a good release: baked, committed, the old one stopped", async () => {
  const model = aWorld();
  const load = modelLoad(model);
  const { request, events } = aRequest(model, { startLoad: load });
  const outcome = await converge(request);
  assert.equal(outcome.outcome, "done", outcome.because);
  assert.equal(runs(model), "r2 ×3");
  assert.equal(model.units.get("api")?.committed, "r2");
  assert.equal(outcome.serving, "api: r2 serves all traffic: 3 of 3 ready");
  assert.deepEqual(outcome.units, [{ unit: "api", from: "r1", to: "r2" }]);
  assert.ok(events.some((event) => event.kind === "bake" && event.requests > 200));
  assert.ok(outcome.seconds >= 33 && outcome.seconds < 60, `${outcome.seconds} s`);
  assert.equal(load.plans[0]?.url, "http://127.0.0.1:1/api");
  assert.ok((outcome.probe?.sent ?? 0) > 600);
  assert.deepEqual(Object.keys(outcome.probe?.versions ?? {}), ["r1", "r2"]);
  assert.equal(outcome.probe?.failed.safe, 0);
});

test("a drill's roll serves and commits nothing: rollback never goes to its release", async () => {
  const model = aWorld();
  const outcome = await converge(aRequest(model, { commits: false }).request);
  assert.equal(outcome.outcome, "done", outcome.because);
  assert.equal(runs(model), "r2 ×3");
  assert.equal(model.units.get("api")?.committed, "r1");
  assert.notEqual(journalled(model).at(-1), "end", "it is under way until it is back");
  const back = aPlan([aStep({ from: "r2", to: "r1" })]);
  const outcomeBack = await converge(aRequest(model, { commits: false, plan: back }).request);
  assert.equal(outcomeBack.outcome, "done", outcomeBack.because);
  assert.equal(runs(model), "r1 ×3");
  assert.equal(journalled(model).at(-1), "end");
});

test("what a verb leaves on the target belongs to the operation, before its end", async () => {
  const model = aWorld();
  const steps = [{ action: "scale-override", unit: "api", replicas: 5 }] as const;
  const outcome = await converge(aRequest(model, { afterwards: steps }).request);
  assert.equal(outcome.outcome, "done", outcome.because);
  assert.deepEqual(model.applied.at(-1), steps[0]);
  assert.deepEqual(journalled(model).slice(-3), ["intent", "result", "end"]);
  const nothing = await converge(aRequest(model, { afterwards: steps, plan: aPlan([]) }).request);
  assert.equal(nothing.outcome, "nothing-to-do");
  assert.deepEqual(model.applied.at(-1), steps[0]);
});

test("journals the beginning first, each intent before its step, the end last", async () => {
  const model = aWorld();
  model.onStep = (step) => {
    const intent = model.journal.findLast(
      (body) =>
        JSON.stringify(body).includes(JSON.stringify(step)) &&
        /"intent"/.test(JSON.stringify(body)),
    );
    assert.ok(intent !== undefined, `${step.action} was applied before it was journalled`);
    return undefined;
  };
  const outcome = await converge(aRequest(model).request);
  assert.equal(outcome.outcome, "done", outcome.because);
  const entries = journalled(model);
  assert.equal(entries[0], "begin");
  assert.equal(entries.at(-1), "end");
  const count = (entry: string) => entries.filter((one) => one === entry).length;
  assert.equal(count("intent"), model.applied.length);
  assert.equal(count("result"), model.applied.length);
});

const BAD: Readonly<Record<string, { behaviour: Behaviour; says: RegExp }>> = {
  "is never ready": { behaviour: { bootMs: 0, neverReady: true }, says: /not ready in time/ },
  "dies while it bakes": {
    behaviour: { bootMs: 500, crashesAfterMs: 12_000 },
    says: /restarted during the bake \(it exited with 1\)|restarted/,
  },
  "answers with errors": { behaviour: { bootMs: 500, errorRatio: 0.05 }, says: /failed \(/ },
  "leaks memory": {
    behaviour: { bootMs: 500, leaksBytesPerS: 30 * 1_048_576 },
    says: /api-\d of the new release holds \d+MiB of memory, the one before 50MiB/,
  },
  "is slow": { behaviour: { bootMs: 500, latencyMs: 150 }, says: /p95 .* against/ },
};

for (const [what, { behaviour, says }] of Object.entries(BAD)) {
  test(`a release that ${what} is taken back`, async () => {
    const model = aWorld(behaviour);
    const { request, events } = aRequest(model);
    const outcome = await converge(request);
    assert.equal(outcome.outcome, "rolled-back", outcome.because);
    assert.match(outcome.because, says);
    assert.equal(runs(model), "r1 ×3");
    assert.equal(model.units.get("api")?.committed, "r1");
    assert.equal(outcome.serving, "api: r1 still serves all traffic: 3 of 3 ready");
    assert.ok(outcome.detail.length > 0, "says what it last saw");
    assert.ok(events.some((event) => event.kind === "direction" && event.direction === "reverse"));
    assert.equal(journalled(model).at(-1), "end");
  });
}

test("the roll's own probe alone is a reason to go back", async () => {
  const model = aWorld({ bootMs: 500, errorRatio: 0.2 });
  model.ratePerSecond = 0;
  const outcome = await converge(aRequest(model, { startLoad: modelLoad(model) }).request);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  assert.match(outcome.because, /own probe/);
  assert.ok((outcome.probe?.failed.safe ?? 0) >= 5);
});

test("the roll's own probe does not hide the errors of the few that users send", async () => {
  // 20 a second are the probe's, all answered; of the other 4, one in forty fails.
  const model = aWorld({ bootMs: 500, errorRatio: 0.1 / 24 });
  model.ratePerSecond = 24;
  const load = modelLoad(model);
  const startLoad: typeof load = Object.assign(
    async (plan: Parameters<typeof load>[0], signal: AbortSignal) => {
      const run = await load(plan, signal);
      const lastSecond = () => ({ sent: 20, failed: 0 });
      const finish = async () => ({ ...(await run.finish()), samples: [] });
      return { ...run, lastSecond, finish };
    },
    { plans: load.plans },
  );
  const settings = { ...aService().rollout, bakeMs: 120_000 };
  const graph = aGraph([aService({ rollout: settings })]);
  const outcome = await converge(aRequest(model, { startLoad, graph }).request);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  assert.match(outcome.because, /requests to the new release failed \(\d/);
});

test("a probe that mostly fails turns the roll before it bakes", async () => {
  const model = aWorld({ bootMs: 2_000, errorRatio: 1 });
  model.ratePerSecond = 0;
  const { request, events } = aRequest(model, { startLoad: modelLoad(model) });
  const outcome = await converge(request);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  assert.ok(!events.some((event) => event.kind === "bake"));
});

test("says every few seconds what it waits for when nothing is under way", async () => {
  const model = aWorld();
  model.onStep = (step) => {
    if (step.action === "stop") model.behaviours.set("r1", { bootMs: 0, neverReady: true });
    return undefined;
  };
  const step = aStep({ action: "scale", to: "r1", replicas: { from: 3, to: 2 } });
  const { request, events } = aRequest(model, { plan: aPlan([step]) });
  const outcome = await converge(request);
  assert.notEqual(outcome.outcome, "done", "two that are never ready are no success");
  const waits = events.filter((event) => event.kind === "waiting");
  assert.ok(waits.some(({ on }) => /^api-\d to be ready and routed$/.test(on)));
  const gaps = events.map(({ atMs }, index) => atMs - (events[index - 1]?.atMs ?? 0));
  assert.ok(Math.max(...gaps) <= 5_000, `${Math.max(...gaps)} ms of silence`);
});

test("a bake without requests is asked about, and goes back as could-not-verify", async () => {
  const model = aWorld();
  model.ratePerSecond = 1;
  const outcome = await converge(aRequest(model).request);
  assert.equal(outcome.outcome, "could-not-verify");
  assert.match(outcome.because, /a verdict needs 200/);
  assert.equal(runs(model), "r1 ×3");
  assert.ok(outcome.seconds >= 90, "it waited for requests first");
});

test("a question nobody answers is answered by going back", async () => {
  const model = aWorld();
  model.ratePerSecond = 1;
  const { request } = aRequest(model, { inconclusive: () => new Promise(() => undefined) });
  const outcome = await converge(request);
  assert.equal(outcome.outcome, "could-not-verify");
  assert.equal(runs(model), "r1 ×3");
});

test("a bake without requests can be kept by a person", async () => {
  const model = aWorld();
  model.ratePerSecond = 1;
  const { request } = aRequest(model, { inconclusive: () => Promise.resolve("keep") });
  const outcome = await converge(request);
  assert.equal(outcome.outcome, "done");
  assert.equal(runs(model), "r2 ×3");
});

test("the first Ctrl-C goes back to the release that served", async () => {
  const model = aWorld();
  const { request } = aRequest(model, { stopRequested: () => model.clock.now() > 3_000 });
  const outcome = await converge(request);
  assert.equal(outcome.outcome, "interrupted", outcome.because);
  assert.match(outcome.because, /stopped on request/);
  assert.equal(runs(model), "r1 ×3");
  assert.equal(journalled(model).at(-1), "end");
});

async function killedAt(model: ModelTarget, stepNumber: number): Promise<RolloutOutcome> {
  const kill = new AbortController();
  model.onStep = () => {
    if (model.applied.length === stepNumber) kill.abort(new Error("second Ctrl-C"));
    return undefined;
  };
  const outcome = await converge(aRequest(model, { signal: kill.signal }).request);
  model.onStep = () => undefined;
  return outcome;
}

test("aborted at any step, the next run finishes", async () => {
  const whole = aWorld();
  await converge(aRequest(whole).request);
  for (let step = 1; step < whole.applied.length; step += 1) {
    const model = aWorld();
    const cut = await killedAt(model, step);
    assert.equal(cut.outcome, "interrupted", `step ${step}: ${cut.because}`);
    assert.match(cut.because, /aborted on request; the next run finishes or reverses it/);
    assert.notEqual(journalled(model).at(-1), "end", "its journal stays open");
    const again = await converge(aRequest(model).request);
    assert.equal(again.outcome, "done", `after step ${step}: ${again.because}`);
    assert.equal(runs(model), "r2 ×3", `after step ${step}`);
    assert.equal(model.units.get("api")?.committed, "r2");
  }
});

test("a lost lease stops it at once, says so, and journals nothing more", async () => {
  const model = aWorld();
  const { request } = aRequest(model);
  const lost = new AbortController();
  model.onStep = (step) => {
    if (step.action === "switch") lost.abort(new Error("the supervisor is gone"));
    return undefined;
  };
  const lease = { ...request.lease, lost: lost.signal };
  const outcome = await converge({ ...request, lease, signal: lost.signal });
  assert.equal(outcome.outcome, "interrupted");
  assert.match(outcome.because, /lease was lost/);
  assert.equal(model.applied.at(-1)?.action, "switch");
  assert.notEqual(journalled(model).at(-1), "end");
});

test("an epoch that is over is a lost lease", async () => {
  const model = aWorld();
  const { request } = aRequest(model);
  model.epoch += 1;
  const outcome = await converge(request);
  assert.equal(outcome.outcome, "interrupted");
  assert.match(outcome.because, /lease was lost: epoch 1 is over/);
});

test("when the way back fails too, it says exactly what is left", async () => {
  const model = aWorld({ bootMs: 0, errorRatio: 0.5 });
  let turned = false;
  model.onStep = (step) =>
    turned && step.action === "switch"
      ? { outcome: "failed", because: "the edge is away", detail: ["connect ECONNREFUSED"] }
      : undefined;
  const { request } = aRequest(model);
  const emit: typeof request.emit = (body) => {
    turned ||= body.kind === "direction";
  };
  const outcome = await converge({ ...request, emit });
  assert.equal(outcome.outcome, "not-rolled-back");
  assert.match(outcome.because, /the edge is away; now api-/);
  assert.ok(outcome.detail.length > 0);
});

test("a step that hangs is given up at its deadline, and the roll goes back", async () => {
  const model = aWorld();
  let hangs = true;
  model.onStep = (step) => {
    if (!hangs || step.action !== "drain") return undefined;
    hangs = false;
    return new Promise<undefined>(() => undefined);
  };
  const { request, events } = aRequest(model);
  const outcome = await converge(request);
  assert.equal(outcome.outcome, "rolled-back", outcome.because);
  assert.match(outcome.because, /drain api-\d: .*not done after/);
  assert.equal(runs(model), "r1 ×3");
  assert.ok(events.some((event) => event.kind === "waiting" && event.on.startsWith("drain")));
});

test("something is said at least every 5 s", async () => {
  const model = aWorld({ bootMs: 0, neverReady: true });
  const { request, events } = aRequest(model);
  await converge(request);
  for (const [index, event] of events.entries()) {
    const gap = event.atMs - (events[index - 1]?.atMs ?? 0);
    assert.ok(gap <= 5_000, `${gap} ms of silence before ${event.kind}`);
  }
  assert.ok(events.some((event) => event.kind === "waiting"));
});

const CREATE = aStep({ action: "create", from: undefined, to: "r2", replicas: { from: 0, to: 3 } });

test("creates a unit: all started at once, switched in once, no bake", async () => {
  const model = new ModelTarget(virtualClock());
  model.behaviours.set("r2", GOOD);
  const outcome = await converge(aRequest(model, { plan: aPlan([CREATE]) }).request);
  assert.equal(outcome.outcome, "done", outcome.because);
  assert.equal(runs(model), "r2 ×3");
  assert.equal(model.applied.filter((step) => step.action === "switch").length, 1);
  assert.ok(outcome.seconds < 3, `${outcome.seconds} s`);
});

test("a first release that fails goes back to nothing, and says so", async () => {
  const model = new ModelTarget(virtualClock());
  model.behaviours.set("r2", { bootMs: 0, neverReady: true });
  const outcome = await converge(aRequest(model, { plan: aPlan([CREATE]) }).request);
  assert.equal(outcome.outcome, "rolled-back");
  assert.match(outcome.because, /api is stopped \(nothing ran before\)/);
  assert.equal(model.machines.size, 0);
  assert.equal(outcome.serving, "api: nothing serves");
});

test("scales up and down without a bake", async () => {
  const model = aWorld();
  const scale = (from: number, to: number) => {
    const step = aStep({ action: "scale", from: "r1", to: "r1", replicas: { from, to } });
    return aRequest(model, { graph: aGraph([aService({ replicas: to })]), plan: aPlan([step]) });
  };
  const up = await converge(scale(3, 5).request);
  assert.equal(up.outcome, "done", up.because);
  assert.equal(runs(model), "r1 ×5");
  const down = await converge(scale(5, 2).request);
  assert.equal(down.outcome, "done", down.because);
  assert.deepEqual([...model.machines.keys()], ["api-1", "api-2"]);
});

const REFUSED: Readonly<Record<string, { change: Parameters<typeof aRequest>[1]; says: RegExp }>> =
  {
    "another declaration": {
      change: { graph: { ...aGraph([aService()]), declarationHash: "other" } },
      says: /declaration changed/,
    },
    "another world": {
      change: {
        plan: { ...aPlan([aStep()]), basis: { declaration: "declared", observed: "before" } },
      },
      says: /what runs changed/,
    },
    "a lost way back": {
      change: { plan: aPlan([aStep({ from: "r0" })]) },
      says: /r0, the way back/,
    },
    "an unknown release": { change: { releases: new Map() }, says: /r2 is not known/ },
  };

for (const [what, { change, says }] of Object.entries(REFUSED)) {
  test(`refuses ${what} before anything is journalled`, async () => {
    const model = aWorld();
    const outcome = await converge(aRequest(model, change).request);
    assert.equal(outcome.outcome, "refused");
    assert.match(outcome.because, says);
    assert.deepEqual(model.journal, []);
    assert.deepEqual(model.applied, []);
    assert.equal(runs(model), "r1 ×3");
  });
}

test("an empty plan is nothing to do, and journals nothing", async () => {
  const model = aWorld();
  const outcome = await converge(aRequest(model, { plan: aPlan([]) }).request);
  assert.equal(outcome.outcome, "nothing-to-do");
  assert.deepEqual(model.journal, []);
});
