import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import type { Evidence } from "../record/evidence.ts";
import { runDrill } from "./drill.ts";
import { openFaults } from "../record/under-way.ts";
import { aSystem, type PlantedSystem } from "./planted.fixture.ts";
import { DrillRefused } from "./request.ts";

async function evidenceOn(
  system: PlantedSystem,
  objective: Evidence["objective"],
): Promise<Evidence> {
  const evidence = await runDrill(system.request);
  const found = evidence.find((one) => one.objective === objective);
  return present(found, `evidence on ${objective}`);
}

function nothingLeftBroken({ toy }: PlantedSystem): void {
  const entries = toy.journal.filter((entry): entry is Parameters<typeof openFaults>[0][number] => {
    return typeof entry === "object" && entry !== null && "entry" in entry;
  });
  assert.ok(
    entries.some(({ entry }) => entry === "fault"),
    "the fault was journalled",
  );
  assert.deepEqual(openFaults(entries), [], "and undone");
}

test("kill-instance: two replicas behind a proxy that retries hold the errors", async (t) => {
  const system = await aSystem(t, { name: "kill-instance" });
  const evidence = await evidenceOn(system, "errors");
  assert.equal(evidence.verdict, "held", evidence.because);
  const run = present(evidence.runs[0], "a run");
  assert.equal(run.failed.safe, 0);
  assert.ok((run.restoredMs ?? 0) >= 500, `whole again after ${run.restoredMs} ms`);
  assert.match(run.injected ?? "", /api-\d is not pid \d+/);
  assert.equal(run.writes?.doubled, 0);
  nothingLeftBroken(system);
});

test("kill-instance: a single replica misses the errors, by an outage", async (t) => {
  const system = await aSystem(t, { name: "kill-instance", replicas: 1 });
  const evidence = await evidenceOn(system, "errors");
  assert.equal(evidence.verdict, "missed", evidence.because);
  const run = present(evidence.runs[0], "a run");
  assert.ok(run.outage.unavailableMs >= 500, `${run.outage.unavailableMs} ms`);
  assert.ok(run.failed.safe > 10, `${run.failed.safe} safe requests failed`);
  assert.match(evidence.because, /\d+ of \d+ failed/);
});

test("freeze-instance: a proxy that waits for nobody holds p95, nothing is doubled", async (t) => {
  const system = await aSystem(t, { name: "freeze-instance" });
  const evidence = await evidenceOn(system, "latency.p95");
  assert.equal(evidence.verdict, "held", evidence.because);
  const run = present(evidence.runs[0], "a run");
  assert.equal(run.failed.safe, 0);
  assert.equal(run.writes?.doubled, 0);
  assert.ok(run.exposureMs !== undefined && run.exposureMs < 1_500, `${run.exposureMs}`);
  nothingLeftBroken(system);
});

test("freeze-instance: a proxy that repeats writes misses, because they are doubled", async (t) => {
  const planted = { repeatsWrites: true };
  const system = await aSystem(t, { name: "freeze-instance", planted });
  const evidence = await evidenceOn(system, "latency.p95");
  assert.equal(evidence.verdict, "missed", evidence.because);
  assert.match(evidence.because, /\d+ writes applied twice/);
  const run = present(evidence.runs[0], "a run");
  assert.equal(run.failed.unsafe, 0, "its clients saw nothing at all");
});

test("roll-under-load: a service that drains holds the errors", async (t) => {
  const system = await aSystem(t, { name: "roll-under-load", request: { runs: 2 } });
  const evidence = await evidenceOn(system, "errors");
  assert.notEqual(evidence.verdict, "missed", evidence.because);
  for (const run of evidence.runs) {
    assert.deepEqual(run.failed, { safe: 0, idempotent: 0, unsafe: 0, stream: 0 });
    assert.match(run.undone ?? "", /2 of 2 instances of r-live-own serve, and no other/);
  }
});

test("roll-under-load: a rude service misses the errors", async (t) => {
  const system = await aSystem(t, { name: "roll-under-load", planted: { rude: true } });
  const evidence = await evidenceOn(system, "errors");
  assert.equal(evidence.verdict, "missed", evidence.because);
  const run = present(evidence.runs[0], "a run");
  assert.ok(run.failed.unsafe > 0, "writes were cut");
  assert.match(run.injected ?? "", /it was seen serving/);
});

test("never-ready-release: a roll that waits holds the errors and takes it back", async (t) => {
  const system = await aSystem(t, { name: "never-ready-release", request: { runs: 2 } });
  const evidence = await evidenceOn(system, "errors");
  assert.equal(evidence.verdict, "held", evidence.because);
  const run = present(evidence.runs[0], "a run");
  assert.match(run.injected ?? "", /rolled-back after .* not routed/);
});

test("never-ready-release: a roll that trusts misses, because it was taken as ready", async (t) => {
  const system = await aSystem(t, { name: "never-ready-release", planted: { trusting: true } });
  const evidence = await evidenceOn(system, "errors");
  assert.equal(evidence.verdict, "missed", evidence.because);
  assert.match(evidence.because, /that is never ready was (sent requests|taken as good)/);
  assert.match(evidence.runs[0]?.undone ?? "", /2 of 2 instances of r-live-own serve/);
});

test("a fault that does not happen verifies nothing", async (t) => {
  const system = await aSystem(t, { name: "freeze-instance", planted: { harmless: true } });
  const evidence = await evidenceOn(system, "latency.p95");
  assert.equal(evidence.verdict, "could-not-verify");
  assert.match(evidence.because, /nothing shows that the fault happened/);
});

test("an undo that does not happen is said, and stays in the journal", async (t) => {
  const system = await aSystem(t, { name: "freeze-instance", planted: { stuck: true } });
  const evidence = await evidenceOn(system, "latency.p95");
  assert.equal(evidence.verdict, "could-not-verify");
  assert.match(
    evidence.because,
    /NOT UNDONE: the freeze of api-\d is still in force: .* is stopped/,
  );
  assert.throws(() => nothingLeftBroken(system), /and undone/);
  const again = await evidenceOn(system, "latency.p95");
  assert.match(again.because, /earlier freeze of api-\d is not undone yet/);
});

test("an operator's stop undoes the fault and keeps what was measured", async (t) => {
  let stopped = false;
  const request = { stopRequested: () => stopped };
  const system = await aSystem(t, { name: "freeze-instance", request });
  const emit = system.request.emit;
  const evidence = await runDrill({
    ...system.request,
    emit: (body) => {
      if (body.kind === "drill" && body.phase === "observe") stopped = true;
      emit(body);
    },
  });
  assert.deepEqual(new Set(evidence.map(({ verdict }) => verdict)), new Set(["aborted"]));
  assert.match(evidence[0]?.runs[0]?.undone ?? "", /runs again/);
  nothingLeftBroken(system);
});

test("the last healthy member is not broken unless an outage is allowed", async (t) => {
  const request = { allowOutage: false };
  const system = await aSystem(t, { name: "kill-instance", replicas: 1, request });
  await assert.rejects(runDrill(system.request), (error: unknown) => {
    return error instanceof DrillRefused && error.code === "last-member";
  });
  assert.deepEqual(system.toy.journal, []);
});

test("of several runs, the one that would last into a blackout is not begun", async (t) => {
  const system = await aSystem(t, { name: "kill-instance", request: { runs: 3 } });
  const { parsed, clock } = system.request;
  // One run may take 21 s until it is whole again, and takes more than 5 s at its quickest.
  const [fromMs, toMs] = [clock.wall() + 26_000, clock.wall() + 3_600_000];
  const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString());
  const blackouts = [{ kind: "once", from: present(from, "from"), to: present(to, "to") }] as const;
  const resting = { ...parsed.system, drills: { ...parsed.system.drills, blackouts } };
  const request = { ...system.request, parsed: { ...parsed, system: resting } };
  const [evidence] = await runDrill(request);
  assert.equal(evidence?.verdict, "could-not-verify");
  assert.match(evidence.because, /a run begun now may last into the blackout/);
  assert.equal(evidence.runs.length, 1, "what was played is kept");
  nothingLeftBroken(system);
});
