import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import { systemClock } from "@seaworthy/std/clock";
import { startLoad } from "../load/client.ts";
import { loadCommand } from "../load/own-command.fixture.ts";
import type { ServiceUnit } from "../plan/graph.ts";
import type { Evidence } from "../record/evidence.ts";
import { aCheck, aGraph, aService } from "../targets/declared.ts";
import { Hand, Rehearsal, take } from "../targets/local/fixtures/rehearsal.ts";
import type { DrillName } from "./catalogue.ts";
import { runDrill } from "./drill.ts";
import { undoLeftovers } from "./leftovers.ts";
import { aParsed, believed } from "./planted.fixture.ts";

const ready = aCheck({ path: "/ready", everyMs: 200, timeoutMs: 400, fall: 2 });
const OPERATION = "drill-local";

/** A system of real processes behind the real edge, under a real lease. */
async function drillOn(unit: ServiceUnit, name: DrillName): Promise<readonly Evidence[]> {
  await using rehearsal = await Rehearsal.begin();
  const target = await rehearsal.open();
  await using lease = await take(target);
  const graph = aGraph([unit]);
  await new Hand(target, lease).up(graph);
  const scratch = join(rehearsal.home, "raw");
  await mkdir(scratch);
  const load = {
    ratePerSecond: 100,
    mix: [
      { method: "GET", path: "/", headers: {}, body: undefined, weight: 1, class: "safe" } as const,
    ],
    timeoutMs: 5_000,
    history: undefined,
  };
  const drills = {
    warmUpMs: 1_000,
    baselineMs: 2_000,
    windowMs: 6_000,
    freezeMs: 3_000,
    everyMs: undefined,
  };
  const parsed = aParsed(unit, { load, drills, edge: graph.edge });
  const evidence = await runDrill({
    name,
    unit: undefined,
    target,
    lease,
    parsed,
    graph,
    startLoad: believed(startLoad(loadCommand, systemClock)),
    roll: () => Promise.reject(new Error("no roll in this drill")),
    clock: systemClock,
    seed: 4711,
    runs: 1,
    tierMax: "T3",
    allowOutage: true,
    operation: OPERATION,
    scratch,
    raw: "raw",
    emit: () => {},
    signal: new AbortController().signal,
  });
  const emit = (): void => {};
  const { signal } = new AbortController();
  const left = await undoLeftovers({ id: OPERATION, target, lease, emit, signal });
  assert.deepEqual(left, [], "nothing is left broken");
  return evidence;
}

function on(evidence: readonly Evidence[], objective: Evidence["objective"]): Evidence {
  return present(
    evidence.find((one) => one.objective === objective),
    objective,
  );
}

test("local: one of two instances killed costs no safe request", async () => {
  const evidence = on(await drillOn(aService({ replicas: 2 }), "kill-instance"), "errors");
  assert.equal(evidence.verdict, "held", evidence.because);
  assert.equal(evidence.runs[0]?.failed.safe, 0);
  assert.ok(evidence.runs[0]?.restoredMs !== undefined);
});

test("local: the only instance killed is an outage, and the errors are missed", async () => {
  const unit = aService({ restart: { backoffFirstMs: 800, backoffMaxMs: 2_000 } });
  const evidence = on(await drillOn(unit, "kill-instance"), "errors");
  assert.equal(evidence.verdict, "missed", evidence.because);
  assert.ok((evidence.runs[0]?.failed.safe ?? 0) > 10);
});

test("local: a frozen instance is avoided, and no safe request fails", async () => {
  const evidence = on(
    await drillOn(aService({ replicas: 2, ready }), "freeze-instance"),
    "latency.p95",
  );
  const run = present(evidence.runs[0], "a run");
  assert.equal(run.failed.safe, 0, evidence.because);
  assert.ok(run.exposureMs !== undefined && run.exposureMs < 3_000, `${run.exposureMs} ms`);
});

/**
 * Python's http.server lets five connections wait to be accepted. What the edge moves off a frozen
 * instance comes at once: with five, 7 to 11 safe requests ended as 503 in 4 of 5 runs (shared
 * machine); with 128 none did in 3.
 */
const QUEUE =
  "import socketserver; socketserver.TCPServer.request_queue_size = 128; " +
  "exec(open('main.py').read())";

test("local: a Python service is frozen, avoided and thawed like any other", async () => {
  const unit = aService({
    replicas: 2,
    ready: { ...ready, path: "/" },
    health: aCheck({ path: "/" }),
    run: { kind: "folder", build: "apps/python", command: ["python3", "-c", QUEUE] },
  });
  const evidence = on(await drillOn(unit, "freeze-instance"), "latency.p95");
  const run = present(evidence.runs[0], "a run");
  assert.notEqual(evidence.verdict, "aborted", evidence.because);
  assert.match(run.injected ?? "", /api-\d \(pid \d+\) is stopped/);
  assert.match(run.undone ?? "", /runs again|was replaced/);
  assert.equal(run.failed.safe, 0, evidence.because);
});
