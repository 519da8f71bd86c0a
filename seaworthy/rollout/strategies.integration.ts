import assert from "node:assert/strict";
import { test } from "node:test";
import { seeUnit } from "../targets/local/fixtures/rehearsal.ts";
import { anApp, begun, failed, text, Yard } from "./yard.fixture.ts";

/** By blue-green, and restarted, with real processes and the real edge, under load. */
const USERS_PER_S = 60;

test("blue-green: all new beside all old, one switch, and nobody is failed", async () => {
  await using yard = await Yard.begin();
  const first = await begun(yard);
  yard.events.length = 0;
  const samples = await yard.under(USERS_PER_S, async () => {
    const rolled = await yard.up(anApp({ VERSION: "2" }, { strategy: "blue-green" }));
    assert.equal(rolled.outcome, "done", text(rolled));
  });
  assert.deepEqual(failed(samples), []);
  const second = Object.keys(await yard.serving());
  assert.equal(second.length, 1);
  assert.notEqual(second[0], first);
  const done = yard.events.flatMap((event) =>
    event.kind === "step-ended" && event.result.outcome === "done" ? [event.step.action] : [],
  );
  assert.equal(done.filter((action) => action === "switch").length, 1);
  assert.equal(done.slice(0, done.indexOf("switch")).filter((one) => one === "start").length, 3);
  assert.ok(done.indexOf("commit") < done.indexOf("stop"));
  const answers = samples.map(({ release }) => release);
  const turn = answers.indexOf(second[0]);
  // Those that were on their way when it switched end where they began.
  assert.ok(answers.slice(turn + 2 * USERS_PER_S).every((release) => release === second[0]));
});

test("blue-green goes back in one switch to what stayed warm", async () => {
  await using yard = await Yard.begin();
  const first = await begun(yard);
  // It ends 4 s after its first request: well inside the bake, which begins with the switch.
  const strategy = { strategy: "blue-green", bakeMs: 12_000 } as const;
  const unit = anApp({ VERSION: "2", MODE: "crashes" }, strategy);
  const outcome = await yard.up(unit);
  assert.equal(outcome.outcome, "rolled-back", text(outcome));
  assert.deepEqual(await yard.serving(), { [first]: 3 });
  const started = yard.events.filter(
    (event) => event.kind === "step-started" && event.step.action === "start",
  );
  assert.equal(started.length, 6, "the old ones were not started again");
});

test("a restart replaces every process, and nobody is failed", async () => {
  await using yard = await Yard.begin();
  const first = await begun(yard);
  const pids = async () => (await seeUnit(yard.target, "api")).instances.map(({ pid }) => pid);
  const before = await pids();
  const samples = await yard.under(USERS_PER_S, async () => {
    const outcome = await yard.restart();
    assert.equal(outcome.outcome, "done", text(outcome));
  });
  assert.deepEqual(failed(samples), []);
  assert.deepEqual(await yard.serving(), { [first]: 3 });
  const after = await pids();
  assert.ok(after.every((pid) => pid !== undefined && !before.includes(pid)));
});
