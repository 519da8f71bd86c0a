import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@seaworthy/std/clock";
import type { Observed } from "../plan/observed.ts";
import type { EventBody } from "../record/event.ts";
import type { Target } from "../targets/target.ts";
import { cooldown } from "./cooldown.ts";
import { anInstance, anObserved } from "./observed.fixture.ts";
import { aGraph, aUnit } from "./planted.fixture.ts";

const WHOLE = anObserved([anInstance("api-1"), anInstance("api-2")]);
const HURT = anObserved([anInstance("api-1"), anInstance("api-2", { state: "unready" })]);

/** A clock on which a wait takes no time, and a target that shows one look after the other. */
function waiting(looks: readonly (Observed | Error)[], signal = new AbortController().signal) {
  const events: EventBody[] = [];
  let nowMs = 0;
  let at = 0;
  const clock: Clock = {
    now: () => nowMs,
    wall: () => nowMs,
    sleep: async (ms) => void (nowMs += ms),
  };
  const observe = async (): Promise<Observed> => {
    const look = looks[Math.min(at, looks.length - 1)];
    at += 1;
    if (look === undefined || look instanceof Error) throw look ?? new Error("no look");
    return look;
  };
  const target: Pick<Target, "observe"> = { observe };
  const request = {
    target,
    graph: aGraph(aUnit(2)),
    clock,
    emit: (body: EventBody) => void events.push(body),
    signal,
  };
  return { request, events, looks: () => at, nowMs: () => nowMs };
}

test("one look at a whole system is not enough: two in a row are", async () => {
  const flapping = waiting([WHOLE, HURT, WHOLE, WHOLE]);
  const rested = await cooldown(flapping.request, 60_000);
  assert.ok(rested.ok);
  assert.equal(flapping.looks(), 4);
});

test("the wait is bounded, says what is missing, and tells that it goes on", async () => {
  const hurt = waiting([HURT]);
  const rested = await cooldown(hurt.request, 20_000);
  assert.deepEqual(rested, { ok: false, error: "api: 1 of 2 ready" });
  assert.equal(hurt.nowMs(), 20_000);
  const beats = hurt.events.filter((event) => event.kind === "waiting");
  assert.ok(beats.length >= 4, `${beats.length} heartbeats in 20 s`);
});

test("a target that does not answer is asked again; its silence is what is missing", async () => {
  const silent = waiting([new Error("the edge is busy"), WHOLE, WHOLE]);
  assert.ok((await cooldown(silent.request, 60_000)).ok);
  const gone = waiting([new Error("nobody answers")]);
  assert.deepEqual(await cooldown(gone.request, 3_000), { ok: false, error: "nobody answers" });
});

test("who was stopped looks once, and waits no more", async () => {
  const stopped = waiting([HURT], AbortSignal.abort());
  assert.equal((await cooldown(stopped.request, 60_000)).ok, false);
  assert.equal(stopped.looks(), 1);
});
