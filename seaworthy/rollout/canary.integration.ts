import assert from "node:assert/strict";
import { test } from "node:test";
import { seeUnit } from "../targets/local/fixtures/rehearsal.ts";
import { anApp, begun, failed, text, Yard } from "./yard.fixture.ts";

/** By a canary, with real processes and the real edge, under load. */
const V1 = anApp({ VERSION: "1" });
const USERS_PER_S = 60;
/** With three old ones beside it a canary would have 25 % without any weight. */
const STEPS = [{ share: 0.1, bakeMs: 4_000 }];

test("a canary gets its share of real requests, then all of them", async () => {
  await using yard = await Yard.begin();
  const first = await begun(yard);
  const shares: { share: number; control: number }[] = [];
  const samples = await yard.under(USERS_PER_S, async () => {
    const rolled = await yard.up(anApp({ VERSION: "2" }, { strategy: "canary", canary: STEPS }));
    assert.equal(rolled.outcome, "done", text(rolled));
    for (const event of yard.events) {
      if (event.kind !== "bake" || event.share === undefined) continue;
      shares.push({ share: event.requests, control: event.control?.requests ?? 0 });
    }
  });
  assert.deepEqual(failed(samples), []);
  assert.ok(shares.length > 0, "it was judged by its share");
  const second = samples.findLast(({ release }) => release !== first)?.release ?? "";
  // As the edge counted it over the step: when a client hears of it is the machine's matter.
  const { share = 0, control = 0 } = shares.at(-1) ?? {};
  const part = share / (share + control);
  assert.ok(part > 0.03 && part < 0.2, `${share} of ${share + control} requests`);
  assert.deepEqual(await yard.serving(), { [second]: 3 });
});

test("a canary with errors is taken back at its share, and the others serve on", async () => {
  await using yard = await Yard.begin();
  const first = await begun(yard);
  const canary = [{ share: 0.25, bakeMs: 4_000 }];
  const bad = anApp({ VERSION: "2", MODE: "errors" }, { strategy: "canary", canary });
  const samples = await yard.under(USERS_PER_S, async () => {
    const outcome = await yard.up(bad);
    assert.equal(outcome.outcome, "rolled-back", text(outcome));
    assert.match(outcome.because, /of the release beside it 0 %/);
  });
  assert.deepEqual(await yard.serving(), { [first]: 3 });
  const { instances } = await seeUnit(yard.target, "api");
  assert.equal(new Set(instances.map(({ weight }) => weight)).size, 1);
  const wrong = samples.filter(({ outcome }) => outcome !== "ok");
  assert.ok(wrong.length > 0 && wrong.length < samples.length / 10, `${wrong.length}`);
  const others = wrong.filter(({ release }) => release === first);
  assert.deepEqual(others, [], "only the canary failed anybody");
});

test("a canary that the edge leaves out again and again is taken back for that", async () => {
  await using yard = await Yard.begin();
  const first = await begun(yard);
  // Nothing but the edge may mind how slow it is, and not before it had the time to.
  const canary = [{ share: 0.25, bakeMs: 120_000 }];
  const abort = { errorRatio: 1, p95Factor: 10_000 };
  const slow = anApp({ VERSION: "2", MODE: "crawls" }, { strategy: "canary", canary, abort });
  const samples = await yard.inPublic(USERS_PER_S, async () => {
    const outcome = await yard.up(slow);
    assert.equal(outcome.outcome, "rolled-back", text(outcome));
    const says = /was left out by the edge: it is far slower than the others \([2-9] times\)/;
    assert.match(outcome.because, says);
  });
  assert.deepEqual(failed(samples), []);
  assert.deepEqual(await yard.serving(), { [first]: 3 });
});

test("a canary whose runner dies is judged at its share again by the next one", async () => {
  await using yard = await Yard.begin();
  await begun(yard);
  const unit = anApp({ VERSION: "2" }, { strategy: "canary", canary: STEPS });
  const kill = new AbortController();
  const watch = setInterval(() => {
    if (yard.events.some((event) => event.kind === "bake" && event.share !== undefined)) {
      kill.abort(new Error("the runner is gone"));
    }
  }, 20);
  const cut = await yard.up(unit, kill.signal);
  clearInterval(watch);
  assert.equal(cut.outcome, "interrupted", text(cut));
  const { instances } = await seeUnit(yard.target, "api");
  assert.equal(new Set(instances.map(({ weight }) => weight)).size, 2, "the share is kept");
  yard.events.length = 0;
  const again = await yard.up(unit);
  assert.equal(again.outcome, "done", text(again));
  const judged = yard.events.flatMap((event) => (event.kind === "bake" ? [event.share] : []));
  assert.equal(judged[0], 0.1);
  assert.equal(judged.at(-1), undefined);
  assert.deepEqual(Object.values(await yard.serving()), [3]);
});

for (const provider of ["haproxy", "nginx"] as const) {
  test(`behind ${provider}: a canary with another ready path, and nobody is failed`, async () => {
    await using yard = await Yard.begin(provider);
    const created = await yard.up(V1);
    assert.equal(created.outcome, "done", text(created));
    const canary = anApp({ VERSION: "2", READY: "/new" }, { strategy: "canary", canary: STEPS });
    const samples = await yard.inPublic(USERS_PER_S, async () => {
      const rolled = await yard.up({ ...canary, ready: { ...canary.ready, path: "/new" } });
      assert.equal(rolled.outcome, "done", text(rolled));
    });
    assert.ok(samples.length > 5 * USERS_PER_S);
    // A reload of nginx may reset a connection that is idle just then (docs/edges.md).
    const resets = (one: (typeof samples)[number]) => one.failure === "reset";
    const counted = provider === "nginx" ? samples.filter((one) => !resets(one)) : samples;
    assert.deepEqual(failed(counted), []);
    assert.ok(samples.filter(resets).length <= 3, "a few at most");
  });
}
