import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import type { ServiceUnit } from "../plan/graph.ts";
import { aGraph } from "../targets/declared.ts";
import { seeUnit, take, WAIT_MS } from "../targets/local/fixtures/rehearsal.ts";
import { takeDown } from "./down.ts";
import { anApp, text, Yard } from "./yard.fixture.ts";

const V1 = anApp({ VERSION: "1" });

test("creates, rolls under its own probe with nothing failed, and rolls back", async () => {
  await using yard = await Yard.begin();
  const created = await yard.up(V1);
  assert.equal(created.outcome, "done", text(created));
  const first = Object.keys(await yard.serving())[0] ?? "";
  assert.deepEqual(await yard.serving(), { [first]: 3 });
  const rolled = await yard.up(anApp({ VERSION: "2" }));
  assert.equal(rolled.outcome, "done", text(rolled));
  const second = rolled.units[0]?.to ?? "";
  assert.deepEqual(await yard.serving(), { [second]: 3 });
  assert.deepEqual(rolled.probe?.failed, { safe: 0, idempotent: 0, unsafe: 0, stream: 0 });
  assert.ok((rolled.probe?.sent ?? 0) > 60);
  assert.deepEqual(new Set(Object.keys(rolled.probe?.versions ?? {})), new Set([first, second]));
  const unit = await seeUnit(yard.target, "api");
  assert.equal(unit.committed, second);
  assert.equal(unit.previous, first);
  const again = await yard.up(anApp({ VERSION: "2" }));
  assert.equal(again.outcome, "nothing-to-do", text(again));
  const back = await yard.rollback(anApp({ VERSION: "2" }));
  assert.equal(back.outcome, "done", text(back));
  assert.deepEqual(await yard.serving(), { [first]: 3 });
});

test("a release that never gets ready is taken back, with its last probe and log", async () => {
  await using yard = await Yard.begin();
  const created = await yard.up(V1);
  assert.equal(created.outcome, "done", text(created));
  const before = await yard.serving();
  const outcome = await yard.up(anApp({ VERSION: "2", MODE: "never-ready" }));
  assert.equal(outcome.outcome, "rolled-back", text(outcome));
  assert.deepEqual(await yard.serving(), before);
  assert.match(outcome.serving, /still serves all traffic: 3 of 3 ready/);
  assert.match(outcome.detail.join("\n"), /503/);
  assert.equal(outcome.probe?.failed.safe, 0);
});

/** Another ready path, which the release before does not know. */
function anotherPath(env: Readonly<Record<string, string>>): ServiceUnit {
  const unit = anApp({ ...env, READY: "/ready-2" });
  return { ...unit, ready: { ...unit.ready, path: "/ready-2" } };
}

test("each release is judged by its own ready path, there and back", async () => {
  await using yard = await Yard.begin();
  const created = await yard.up(V1);
  assert.equal(created.outcome, "done", text(created));
  const before = await yard.serving();
  const bad = await yard.up(anotherPath({ VERSION: "2", MODE: "never-ready" }));
  assert.equal(bad.outcome, "rolled-back", text(bad));
  assert.equal(bad.probe?.failed.safe, 0, "the old release served throughout");
  assert.deepEqual(await yard.serving(), before);
  const rolled = await yard.up(anotherPath({ VERSION: "2" }));
  assert.equal(rolled.outcome, "done", text(rolled));
  assert.equal(rolled.probe?.failed.safe, 0);
  assert.deepEqual(Object.values(await yard.serving()), [3]);
});

test("a release that crashes while it bakes is taken back", async () => {
  await using yard = await Yard.begin();
  const created = await yard.up(V1);
  assert.equal(created.outcome, "done", text(created));
  const before = await yard.serving();
  const outcome = await yard.up(anApp({ VERSION: "2", MODE: "crashes" }));
  assert.equal(outcome.outcome, "rolled-back", text(outcome));
  assert.match(outcome.because, /died|restarted/);
  assert.deepEqual(await yard.serving(), before);
  assert.match(outcome.detail.join("\n"), /out of luck/);
});

test("cut short in the middle, the next run finishes; then everything is taken down", async () => {
  await using yard = await Yard.begin();
  const created = await yard.up(V1);
  assert.equal(created.outcome, "done", text(created));
  const kill = new AbortController();
  const cutAtSwitch = setInterval(() => {
    const switched = yard.events.filter(
      (body) => body.kind === "step-ended" && body.step.action === "switch",
    );
    if (switched.length >= 3) kill.abort(new Error("second Ctrl-C"));
  }, 20);
  const cut = await yard.up(anApp({ VERSION: "2" }), kill.signal);
  clearInterval(cutAtSwitch);
  assert.equal(cut.outcome, "interrupted", text(cut));
  const finished = await yard.up(anApp({ VERSION: "2" }));
  assert.equal(finished.outcome, "done", text(finished));
  assert.equal(Object.values(await yard.serving()).join(), "3");
  await using lease = await take(yard.target);
  const down = await takeDown({
    target: yard.target,
    lease,
    graph: aGraph([V1]),
    operation: "down-1",
    clock: systemClock,
    emit: () => undefined,
    signal: AbortSignal.any([AbortSignal.timeout(WAIT_MS), lease.lost]),
    deleteVolumes: false,
  });
  assert.equal(down.outcome, "done", text(down));
  assert.equal(down.serving, "nothing runs");
});
