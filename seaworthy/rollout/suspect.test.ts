import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObservedInstance } from "../plan/observed.ts";
import { anInstance } from "../plan/world.fixture.ts";
import type { MeasuredInstance } from "../targets/target.ts";
import { emptyingOf } from "./goals.ts";
import { unitIn } from "./look.ts";
import { suspectOf } from "./suspect.ts";
import { NO_COUNTERS, remember } from "./tally.ts";

const SEEN = unitIn({ basis: "", exists: true, units: [], edge: undefined }, "api");

/** Of instances in this order; `failed`: how many requests each has failed. */
function suspect(
  instances: readonly (Partial<ObservedInstance> & { readonly id: string })[],
  failed: Readonly<Record<string, number>> = {},
  culprit?: string,
): string | undefined {
  const seen = {
    ...SEEN,
    instances: instances.map((one) => anInstance({ unit: "api", release: "r2", ...one })),
  };
  const none = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };
  const counted = Object.entries(failed).map(([instance, count]): MeasuredInstance => {
    const counts = { requests: count, inFlight: none, lastRequestWallMs: undefined };
    const latency = { boundsMs: [], counts: [] };
    return { instance, release: "r2", ...counts, failed: { ...none, unsafe: count }, latency };
  });
  const counters = remember(NO_COUNTERS, { since: "once", instances: counted });
  return suspectOf({
    goal: { ...emptyingOf("api", undefined), to: "r2" },
    seen,
    culprit,
    counters,
  });
}

test("the one whose step failed has the first word", () => {
  assert.equal(suspect([{ id: "api-4" }, { id: "api-5", restarts: 3 }], {}, "api-4"), "api-4");
});

test("then one that ended by itself, whoever failed requests", () => {
  const all = [{ id: "api-4" }, { id: "api-5", restarts: 1, state: "starting" as const }];
  assert.equal(suspect(all, { "api-4": 7 }), "api-5");
});

test("then the one that failed most requests, never one that is only booting", () => {
  const all = [
    { id: "api-3", release: "r1" },
    { id: "api-4" },
    { id: "api-5" },
    { id: "api-6", state: "starting" as const, because: "refused" },
  ];
  assert.equal(suspect(all, { "api-3": 90, "api-4": 2, "api-5": 9 }), "api-5");
  assert.equal(suspect(all), "api-5", "the newest that serves");
});

test("then one that is not ready, and one that boots where there is no other", () => {
  const unready = { id: "api-4", state: "unready" as const };
  assert.equal(suspect([unready, { id: "api-5" }]), "api-4");
  assert.equal(suspect([{ id: "api-4", state: "starting" as const }]), "api-4");
  assert.equal(suspect([{ id: "api-1", release: "r1" }]), undefined);
});
