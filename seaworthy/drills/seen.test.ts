import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObservedInstance, ObservedUnit } from "../plan/observed.ts";
import { readInjection } from "./fault-under-way.ts";
import { sameAgain } from "./way-back.ts";

function anInstance(given: Partial<ObservedInstance> = {}): ObservedInstance {
  return {
    id: "api-1",
    unit: "api",
    release: "r1",
    state: "ready",
    routed: true,
    weight: 1,
    isolated: undefined,
    address: undefined,
    pid: 7,
    since: "",
    restarts: 0,
    because: undefined,
    ...given,
  };
}

function aUnit(given: Partial<ObservedUnit> = {}): ObservedUnit {
  return {
    name: "api",
    kind: "service",
    desired: 2,
    scaleOverride: undefined,
    committed: "r1",
    previous: undefined,
    instances: [anInstance(), anInstance({ id: "api-2" })],
    nextInstance: 3,
    url: undefined,
    definition: "d",
    ...given,
  };
}

test("what the target says of its injection is read, whichever name it gives the moment", () => {
  const inFlight = { safe: 1, idempotent: 0, unsafe: 2, stream: 3 };
  const told = JSON.stringify({ wallMs: 5, tookMs: 2, inFlight, observed: "gone" });
  assert.deepEqual(readInjection(told), { wallMs: 5, tookMs: 2, inFlight });
  const other = JSON.stringify({ injectedWallMs: 6, inFlight });
  assert.deepEqual(readInjection(other), { wallMs: 6, tookMs: undefined, inFlight });
  for (const none of [undefined, "", "done", '{"inFlight":{"safe":"many"}}']) {
    assert.equal(readInjection(none), undefined);
  }
});

test("a unit is what it was only with its release, its count and its definition", () => {
  assert.match(sameAgain(aUnit(), aUnit(), "r1") ?? "", /2 of 2 instances of r1 serve/);
  const [one] = aUnit().instances;
  assert.ok(one !== undefined);
  const left = anInstance({ id: "api-3", release: "r2", routed: false });
  assert.equal(sameAgain(aUnit(), aUnit({ instances: [one] }), "r1"), undefined);
  const withLeft = aUnit({ instances: [...aUnit().instances, left] });
  assert.equal(sameAgain(aUnit(), withLeft, "r1"), undefined);
  assert.equal(sameAgain(aUnit(), aUnit({ definition: "e" }), "r1"), undefined);
});
