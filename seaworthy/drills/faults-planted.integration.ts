import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import type { Evidence } from "../record/evidence.ts";
import { openFaults } from "../record/under-way.ts";
import type { DrillName } from "./catalogue.ts";
import { runDrill } from "./drill.ts";
import { aParsed, aSystem, aUnit, OBJECTIVES, type PlantedSystem } from "./planted.fixture.ts";

async function evidenceOn(
  { request }: PlantedSystem,
  objective: Evidence["objective"],
): Promise<Evidence> {
  const evidence = await runDrill(request);
  return present(
    evidence.find((one) => one.objective === objective),
    `evidence on ${objective}`,
  );
}

test("drop-instance: a proxy that asks another holds p95, nothing is doubled", async (t) => {
  const evidence = await evidenceOn(await aSystem(t, { name: "drop-instance" }), "latency.p95");
  assert.equal(evidence.verdict, "held", evidence.because);
  const run = present(evidence.runs[0], "a run");
  assert.equal(run.failed.safe, 0);
  assert.ok(run.exposureMs !== undefined);
});

test("drop-instance: a proxy that repeats writes misses, because they are doubled", async (t) => {
  const system = await aSystem(t, { name: "drop-instance", planted: { repeatsWrites: true } });
  const evidence = await evidenceOn(system, "latency.p95");
  assert.equal(evidence.verdict, "missed", evidence.because);
  assert.match(evidence.because, /\d+ writes applied twice/);
});

test("slow-instance: a slow one that nobody avoids misses p95", async (t) => {
  const unit = aUnit(1);
  const objectives = { ...OBJECTIVES, latencyP95Ms: 120 };
  const parsed = aParsed(unit, { objectives });
  const system = await aSystem(t, { name: "slow-instance", replicas: 1, request: { parsed } });
  const evidence = await evidenceOn(system, "latency.p95");
  assert.equal(evidence.verdict, "missed", evidence.because);
});

for (const name of ["drop-instance", "slow-instance"] satisfies readonly DrillName[]) {
  test(`${name}: an injection that nobody sees verifies nothing`, async (t) => {
    const system = await aSystem(t, { name, planted: { harmless: true } });
    const evidence = await evidenceOn(system, "latency.p95");
    assert.equal(evidence.verdict, "could-not-verify");
    assert.match(evidence.because, /nothing shows that the fault happened/);
  });
}

test("drop-instance: an undo that nobody sees is said, and stays in the journal", async (t) => {
  const system = await aSystem(t, { name: "drop-instance", planted: { stuck: true } });
  const evidence = await evidenceOn(system, "latency.p95");
  assert.equal(evidence.verdict, "could-not-verify");
  const doubts = evidence.runs[0]?.judged?.doubts.join() ?? "";
  assert.match(doubts, /NOT UNDONE: the drop of api-\d is still in force/);
  const journal = system.toy.journal.filter((one): one is Parameters<typeof openFaults>[0][0] => {
    return typeof one === "object" && one !== null && "entry" in one;
  });
  assert.equal(openFaults(journal).length, 1);
});

for (const name of ["exhaust-memory", "fill-logs", "kill-edge"] satisfies readonly DrillName[]) {
  test(`${name}: where the target cannot, the verdict says so`, async (t) => {
    const evidence = await runDrill((await aSystem(t, { name })).request);
    assert.ok(evidence.every(({ verdict }) => verdict === "could-not-verify"));
    assert.match(evidence[0]?.because ?? "", /^dry cannot /);
  });
}
