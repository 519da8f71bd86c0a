import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import { aCheck, aService, anEdge } from "../targets/declared.ts";
import { drillOn, on } from "./local-drill.fixture.ts";

const ready = aCheck({ path: "/ready", everyMs: 500, timeoutMs: 2_000, fall: 10 });
const two = aService({ replicas: 2, ready, health: ready });

test("local: the declared idle connections are held, and every request is answered", async () => {
  const objectives = { connections: 800 };
  const all = await drillOn(two, "idle-connections", { objectives });
  const evidence = on(all, "connections");
  const run = present(evidence.runs[0], evidence.because);
  assert.equal(evidence.verdict, "held", evidence.because);
  assert.equal(run.connections, 800);
  assert.equal(run.failed.safe, 0);
  assert.match(run.injected ?? "", /800 connections were answered, and stay open/);
});

test("local: an edge that admits fewer connections than declared does not hold them", async () => {
  const { limits } = anEdge();
  const edge = { limits: { ...limits, connections: 300 } };
  const all = await drillOn(two, "idle-connections", { objectives: { connections: 500 }, edge });
  const evidence = on(all, "connections");
  // Who comes to work finds no room either: with many of those the run is given up sooner.
  assert.match(evidence.verdict, /missed|aborted/, evidence.because);
  if (evidence.verdict === "missed") assert.ok((evidence.measured ?? 500) <= 300);
});

test("local: ten times the load is served or shed, and then all is as before", async () => {
  const load = { ratePerSecond: 20 };
  const evidence = on(await drillOn(two, "spike", { load }), "errors");
  const run = present(evidence.runs[0], evidence.because);
  assert.notEqual(evidence.verdict, "missed", evidence.because);
  assert.match(run.injected ?? "", /\d+ requests more than declared were sent/);
  assert.ok((run.stopped?.sent.safe ?? 0) > 400, JSON.stringify(run.stopped));
  assert.equal(run.judged?.recovered, true);
});
