import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import { aCheck, aService } from "../targets/declared.ts";
import { drillOn, GET, LocalSystem, on } from "./local-drill.fixture.ts";

const ready = aCheck({ path: "/ready", everyMs: 500, timeoutMs: 2_000, fall: 10 });
const three = aService({ replicas: 3, ready, health: ready });
/** The app answers these one after the other, 25 ms each: 40 a second from one instance. */
const mix = [{ ...GET, path: "/queue" }];

test("local: what one instance holds is found, and how many the declared load needs", async () => {
  await using system = await LocalSystem.begin(three);
  const load = { ratePerSecond: 60, mix };
  const all = await system.drill("saturation", { load, objectives: { latencyP95Ms: 500 } });
  const evidence = on(all, "errors");
  const run = present(evidence.runs[0], evidence.because);
  const found = present(run.capacity, evidence.because);
  assert.ok(found.ratePerSecond >= 20 && found.ratePerSecond <= 44, JSON.stringify(found));
  assert.equal(found.atLeast, false, found.limitedBy);
  assert.match(found.limitedBy, /p95|p99|failed/);
  assert.ok(found.instancesForLoad >= 2 && found.instancesForLoad <= 3, JSON.stringify(found));
  assert.ok((found.connections ?? 0) >= 900, JSON.stringify(found));
  assert.match(run.undone ?? "", /takes requests again/);
  assert.notEqual(evidence.verdict, "aborted", evidence.because);
  const again = await system.drill("kill-instance", { load });
  assert.notEqual(on(again, "errors").runs[0], undefined, "all is whole after it");
});

test("local: a load that needs more instances than run is a miss", async () => {
  const two = aService({ replicas: 2, ready, health: ready });
  const load = { ratePerSecond: 38, mix };
  const objectives = { latencyP95Ms: 45 };
  const all = await drillOn(two, "saturation", { load, objectives });
  const evidence = on(all, "errors");
  const found = evidence.runs[0]?.capacity;
  // At a p95 of 45 ms hardly two may wait for each other; where even that held, nothing is missed.
  const tooFew = found !== undefined && !found.atLeast && found.instancesForLoad > 2;
  assert.equal(/need \d+ instances, and 2 run/.test(evidence.because), tooFew, evidence.because);
});
