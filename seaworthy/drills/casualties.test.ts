import assert from "node:assert/strict";
import { test } from "node:test";
import { anInstance, anObserved } from "./observed.fixture.ts";
import { casualties, type BlastRadius } from "./casualties.ts";

const before = anObserved([anInstance("api-1"), anInstance("api-2")]);
const kill: BlastRadius = { blast: "instance", unit: "api", victims: new Set(["api-1"]) };

function hurt(now: Parameters<typeof anObserved>[0], radius = kill): readonly string[] {
  return casualties(before, anObserved(now), radius).map(({ who }) => who);
}

test("the victim may be anything, and nobody else is hurt", () => {
  assert.deepEqual(hurt([anInstance("api-2")]), []);
  assert.deepEqual(hurt([anInstance("api-1", { state: "frozen" }), anInstance("api-2")]), []);
});

test("another instance that is gone, frozen, restarted or another process is hurt for sure", () => {
  const cases = [
    [undefined, "api-2 is gone"],
    [anInstance("api-2", { state: "frozen" }), "api-2 is frozen"],
    [anInstance("api-2", { state: "backing-off" }), "api-2 is backing-off"],
    [anInstance("api-2", { restarts: 1 }), "api-2 was restarted"],
    [anInstance("api-2", { pid: 99 }), "api-2 was restarted"],
    [anInstance("api-2", { pid: 99, state: "starting" }), "api-2 is starting"],
  ] as const;
  for (const [other, who] of cases) {
    const now = other === undefined ? [] : [other];
    assert.deepEqual(casualties(before, anObserved(now), kill), [{ who, sure: true }]);
  }
});

test("another one that is merely not ready may recover", () => {
  const now = anObserved([anInstance("api-2", { state: "unready" })]);
  assert.deepEqual(casualties(before, now, kill), [{ who: "api-2 is unready", sure: false }]);
});

test("what was not ready before is not the fault's doing", () => {
  const ill = anObserved([anInstance("api-1"), anInstance("api-2", { state: "unready" })]);
  assert.deepEqual(casualties(ill, anObserved([]), kill), []);
});

test("each blast allows what it says, and no more", () => {
  const all = new Set<string>();
  assert.deepEqual(hurt([], { blast: "unit", unit: "api", victims: all }), []);
  assert.deepEqual(hurt([], { blast: "system", unit: "web", victims: all }), []);
  for (const blast of ["edge", "nothing", "instance"] as const) {
    const radius = { blast, unit: "api", victims: all };
    assert.deepEqual(hurt([], radius), ["api-1 is gone", "api-2 is gone"], blast);
  }
  assert.equal(hurt([], { blast: "unit", unit: "web", victims: all }).length, 2);
});

test("an edge that stops answering is hurt, unless it is what is drilled", () => {
  const edge = { addresses: [], ready: true };
  const up = { ...before, edge };
  const down = { ...before, edge: { ...edge, ready: false } };
  assert.deepEqual(casualties(up, down, kill), [{ who: "the edge does not answer", sure: false }]);
  assert.deepEqual(casualties(up, down, { ...kill, blast: "edge", victims: new Set() }), []);
});
