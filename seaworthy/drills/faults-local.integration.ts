import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import type { Evidence } from "../record/evidence.ts";
import type { LoadRequest } from "../system/system.ts";
import { aCheck, aService } from "../targets/declared.ts";
import { possibleFaults } from "../targets/local/faults/possible.ts";
import type { DrillName } from "./catalogue.ts";
import { drillOn, GET, on } from "./local-drill.fixture.ts";

const ready = aCheck({ path: "/ready", everyMs: 200, timeoutMs: 400, fall: 2 });
/** A check of life that a drill of a few seconds does not trigger. */
const health = aCheck({ path: "/health", everyMs: 2_000, timeoutMs: 2_000, fall: 10 });
const two = aService({ replicas: 2, ready, health });
const WRITE: LoadRequest = {
  ...{ method: "POST", path: "/write", headers: {}, body: "", weight: 1, class: "unsafe" },
};
const VOLUME = {
  volumes: { "/var/lib/app": "data" },
  volumeSizes: { data: 64 * 1_048_576 },
};
const HISTORY = { service: "api", path: "/ledger" };

/** Only without root may a fault be impossible, and then the verdict says what is missing. */
function saysWhatIsMissing(evidence: readonly Evidence[], fault: string): boolean {
  const { faults, faultGaps } = possibleFaults();
  if ([...faults].some((kind) => kind === fault)) return false;
  assert.notEqual(process.getuid?.(), 0, JSON.stringify(faultGaps));
  assert.ok(evidence.every(({ verdict }) => verdict === "could-not-verify"));
  assert.match(evidence[0]?.because ?? "", /needs root/);
  return true;
}

function seen(evidence: Evidence) {
  const run = present(evidence.runs[0], evidence.because);
  assert.ok(run.injected !== undefined && run.undone !== undefined, evidence.because);
  return run;
}

test("local: an instance that no packet reaches is avoided, and no safe request fails", async () => {
  const all = await drillOn(two, "drop-instance");
  if (saysWhatIsMissing(all, "drop")) return;
  const evidence = on(all, "latency.p95");
  const run = seen(evidence);
  assert.equal(evidence.verdict, "held", evidence.because);
  assert.match(run.injected ?? "", /gets no answer; nft lists its table/);
  assert.match(run.undone ?? "", /gets an answer; nft lists no table/);
  assert.equal(run.failed.safe, 0, evidence.because);
  assert.ok(run.exposureMs !== undefined && run.exposureMs < 3_000, `${run.exposureMs} ms`);
});

test("local: a slow instance answers all, and is not restarted", async () => {
  const evidence = on(await drillOn(two, "slow-instance"), "latency.p95");
  const run = seen(evidence);
  assert.match(run.injected ?? "", /of 10 requests waited for api-\d/);
  assert.equal(run.failed.safe, 0, evidence.because);
  assert.ok(run.during.p99Ms > run.baseline.p50Ms, "it was felt");
});

test("local: one killed by the kernel for want of memory is replaced, the other serves", async () => {
  const all = await drillOn(two, "exhaust-memory");
  if (saysWhatIsMissing(all, "exhaust-memory")) return;
  const evidence = on(all, "errors");
  const run = seen(evidence);
  assert.equal(evidence.verdict, "held", evidence.because);
  assert.match(run.injected ?? "", /the kernel killed \d+ in the control group of api-\d/);
  assert.ok(run.restoredMs !== undefined);
});

test("local: a log that cannot be written stops nobody who minds its errors", async () => {
  const minds = { env: { MODE: { kind: "text", text: "mute" } } } as const;
  const all = await drillOn({ ...two, ...minds }, "fill-logs");
  if (saysWhatIsMissing(all, "fill-logs")) return;
  const evidence = on(all, "errors");
  assert.equal(seen(evidence).failed.safe, 0, evidence.because);
  assert.equal(evidence.verdict, "held", evidence.because);
});

test("local: a service that dies because its log cannot be written is a miss", async () => {
  const all = await drillOn(two, "fill-logs");
  if (saysWhatIsMissing(all, "fill-logs")) return;
  const evidence = on(all, "errors");
  assert.equal(evidence.verdict, "missed", evidence.because);
  assert.match(evidence.because, /api-\d did not live through it/);
});

test("local: a full volume takes no write, reads go on, and with room writes do", async () => {
  const load = { mix: [GET, WRITE], history: HISTORY };
  const all = await drillOn({ ...two, ...VOLUME }, "fill-volume", { load });
  if (saysWhatIsMissing(all, "fill-volume")) return;
  const evidence = on(all, "errors");
  const run = seen(evidence);
  assert.notEqual(evidence.verdict, "missed", evidence.because);
  assert.equal(run.failed.safe, 0);
  const stopped = present(run.stopped, "the writes");
  assert.ok((stopped.how["507"] ?? 0) > 50, JSON.stringify(stopped));
  assert.equal(run.judged?.recovered, true, "writes succeed after the undo");
  assert.equal(run.writes?.lost, 0);
});

test("local: a service that acknowledges what a full volume did not take is a miss", async () => {
  const trusting = { env: { MODE: { kind: "text", text: "trusting" } } } as const;
  const load = { mix: [GET, WRITE], history: HISTORY };
  const all = await drillOn({ ...two, ...VOLUME, ...trusting }, "fill-volume", { load });
  if (saysWhatIsMissing(all, "fill-volume")) return;
  // Seen while it goes on, and given up: or in the audit at the end.
  const evidence = on(all, "errors");
  assert.match(evidence.because, /acknowledged writes (are not there|lost)/);
  assert.match(evidence.verdict, /missed|aborted/);
});

test("local: a volume without a size is not filled, and the verdict says what to declare", async () => {
  const unit = { ...two, volumes: { "/var/lib/app": "data" } };
  const evidence = on(await drillOn(unit, "fill-volume"), "errors");
  assert.equal(evidence.verdict, "could-not-verify");
  assert.match(evidence.because, /no volume of api declares a size/);
});

const store = aService({ name: "store", replicas: 2, ready, health });
const NEEDY = {
  needs: ["store"],
  env: { NEEDS_URL: { kind: "url", service: "store" } },
} as const;
const NEEDS: LoadRequest = { ...GET, path: "/needs", needs: ["store"] };

for (const name of ["dependency-down", "dependency-slow"] satisfies readonly DrillName[]) {
  test(`local: ${name}: requests that do not need it go on, the others come back`, async () => {
    const given = { others: [store], load: { mix: [GET, NEEDS] } };
    const all = await drillOn({ ...two, ...NEEDY }, name, given);
    const evidence = on(all, "errors");
    const run = seen(evidence);
    assert.equal(run.failed.safe, 0, evidence.because);
    const { sent, failed } = present(run.stopped, "those that need it");
    assert.ok(sent.safe > 50);
    if (name === "dependency-down") assert.ok(failed.safe > sent.safe / 2, `${failed.safe}`);
    assert.equal(run.judged?.recovered, true, JSON.stringify(run.judged));
  });
}

test("local: a request that says it does not need what it needs is a miss", async () => {
  const given = { others: [store], load: { mix: [GET, { ...GET, path: "/needs" }] } };
  const evidence = on(await drillOn({ ...two, ...NEEDY }, "dependency-down", given), "errors");
  assert.match(evidence.verdict, /missed|aborted/, evidence.because);
});

test("local: the edge's worker killed refuses nobody, and loses what it had in flight", async () => {
  const evidence = on(await drillOn(two, "kill-edge"), "errors");
  const run = seen(evidence);
  assert.notEqual(evidence.verdict, "missed", evidence.because);
  assert.ok(run.failed.safe <= run.inFlightOnVictim.safe, evidence.because);
});

test("local: the edge's holder killed is an outage that ends by itself", async () => {
  const evidence = on(await drillOn(two, "kill-edge-holder"), "errors");
  const run = seen(evidence);
  assert.notEqual(evidence.verdict, "aborted", evidence.because);
  assert.match(run.undone ?? "", /the edge routes by generation/);
  assert.equal(run.judged?.recovered, true, JSON.stringify(run.judged));
});

for (const name of ["reload-edge", "upgrade-edge"] satisfies readonly DrillName[]) {
  test(`local: ${name}: nothing is refused, reset or cut`, async () => {
    const evidence = on(await drillOn(two, name), "errors");
    const run = seen(evidence);
    assert.equal(evidence.verdict, "held", evidence.because);
    assert.deepEqual(run.failed, { safe: 0, idempotent: 0, unsafe: 0, stream: 0 });
  });
}
