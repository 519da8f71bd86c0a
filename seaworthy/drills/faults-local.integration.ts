import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { present } from "@seaworthy/std/assert";
import type { ServiceUnit } from "../plan/graph.ts";
import type { Evidence } from "../record/evidence.ts";
import type { Fault } from "../record/fault.ts";
import type { LoadRequest } from "../system/system.ts";
import { aCheck, aService } from "../targets/declared.ts";
import { possibleFaults } from "../targets/local/faults/possible.ts";
import type { DrillName } from "./catalogue.ts";
import { drillOn, GET, LocalSystem, on } from "./local-drill.fixture.ts";

const ready = aCheck({ path: "/ready", everyMs: 200, timeoutMs: 400, fall: 2 });
/** A check of life that a drill of a few seconds does not trigger. */
const health = aCheck({ path: "/health", everyMs: 2_000, timeoutMs: 2_000, fall: 10 });
const two = aService({ replicas: 2, ready, health });
const store = aService({ name: "store", replicas: 2, ready, health });
const HISTORY = { service: "api", path: "/ledger" };
const WRITE: LoadRequest = {
  ...{ method: "POST", path: "/write", headers: {}, body: "", weight: 1, class: "unsafe" },
};
const NEEDS: LoadRequest = { ...GET, path: "/needs", needs: ["store"] };

/** Needs the store, keeps writes on a volume that can be filled, and minds how it logs. */
function unitIn(mode: string): ServiceUnit {
  return {
    ...two,
    needs: ["store"],
    env: { NEEDS_URL: { kind: "url", service: "store" }, MODE: { kind: "text", text: mode } },
    volumes: { "/var/lib/app": "data" },
    volumeSizes: { data: 64 * 1_048_576 },
  };
}

/**
 * Where it cannot be injected, the verdict says what is missing. As root nothing may be that can be
 * installed; a container may keep its control groups to itself.
 */
function saysWhatIsMissing(evidence: readonly Evidence[], fault: Fault["kind"]): boolean {
  const { faults, faultGaps } = possibleFaults();
  if (faults.has(fault)) return false;
  const gap = faultGaps[fault] ?? "";
  assert.ok(process.getuid?.() !== 0 || /control group/.test(gap), gap);
  assert.ok(evidence.every(({ verdict }) => verdict === "could-not-verify"));
  assert.ok(evidence[0]?.because.includes(gap), evidence[0]?.because);
  return true;
}

function seen(evidence: Evidence) {
  const run = present(evidence.runs[0], evidence.because);
  assert.ok(run.injected !== undefined && run.undone !== undefined, evidence.because);
  return run;
}

describe("a sound system on local", () => {
  let system: LocalSystem;
  before(async () => {
    system = await LocalSystem.begin(unitIn("mute"), { others: [store] });
  });
  after(async () => {
    await system[Symbol.asyncDispose]();
  });
  const promise = (what: string, keep: (system: LocalSystem) => Promise<void>): void => {
    it(what, async () => {
      await keep(system);
    });
  };
  promise("drop-instance: it is avoided, and no safe request fails", dropped);
  promise("slow-instance: it answers all, and is not restarted", slowed);
  promise("exhaust-memory: killed by the kernel, it is replaced, and the other serves", exhausted);
  promise("fill-logs: nobody stops who minds the errors of its log", muted);
  promise("fill-volume: no write is taken, reads go on, and with room writes do", filled);
  promise("dependency-down: what does not need it goes on, the rest comes back", dependencyDown);
  promise("dependency-down: a request that does not say that it needs it is a miss", needUnsaid);
  promise("dependency-slow: what does not need it goes on, the rest comes back", dependencySlow);
  promise("kill-edge: nobody is refused, and no more is lost than was open", workerKilled);
  for (const name of ["reload-edge", "upgrade-edge"] satisfies readonly DrillName[]) {
    promise(`${name}: nothing is refused, reset or cut`, (of) => changed(of, name));
  }
  promise("kill-edge-holder: an outage that ends by itself", holderKilled);
});

async function dropped(system: LocalSystem): Promise<void> {
  const all = await system.drill("drop-instance");
  if (saysWhatIsMissing(all, "drop")) return;
  const evidence = on(all, "latency.p95");
  const run = seen(evidence);
  assert.equal(evidence.verdict, "held", evidence.because);
  assert.match(run.injected ?? "", /gets no answer; nft lists its table/);
  assert.match(run.undone ?? "", /gets an answer; nft lists no table/);
  assert.equal(run.failed.safe, 0, evidence.because);
  assert.ok(run.exposureMs !== undefined && run.exposureMs < 3_000, `${run.exposureMs} ms`);
}

async function slowed(system: LocalSystem): Promise<void> {
  const run = seen(on(await system.drill("slow-instance"), "latency.p95"));
  assert.match(run.injected ?? "", /of 10 requests waited for api-\d/);
  assert.equal(run.failed.safe, 0);
}

async function exhausted(system: LocalSystem): Promise<void> {
  const all = await system.drill("exhaust-memory");
  if (saysWhatIsMissing(all, "exhaust-memory")) return;
  const evidence = on(all, "errors");
  const run = seen(evidence);
  assert.equal(evidence.verdict, "held", evidence.because);
  assert.match(run.injected ?? "", /the kernel killed \d+ in the control group of api-\d/);
  assert.ok(run.restoredMs !== undefined);
}

async function muted(system: LocalSystem): Promise<void> {
  const all = await system.drill("fill-logs");
  if (saysWhatIsMissing(all, "fill-logs")) return;
  const evidence = on(all, "errors");
  assert.equal(seen(evidence).failed.safe, 0, evidence.because);
  assert.equal(evidence.verdict, "held", evidence.because);
}

async function filled(system: LocalSystem): Promise<void> {
  const all = await system.drill("fill-volume", {
    load: { mix: [GET, WRITE], history: HISTORY },
  });
  if (saysWhatIsMissing(all, "fill-volume")) return;
  const evidence = on(all, "errors");
  const run = seen(evidence);
  assert.notEqual(evidence.verdict, "missed", evidence.because);
  assert.equal(run.failed.safe, 0);
  assert.ok((run.stopped?.how["507"] ?? 0) > 50, JSON.stringify(run.stopped));
  assert.equal(run.judged?.recovered, true, "writes succeed after the undo");
  assert.equal(run.writes?.lost, 0);
}

async function dependencyDown(system: LocalSystem): Promise<void> {
  const all = await system.drill("dependency-down", { load: { mix: [GET, NEEDS] } });
  const run = seen(on(all, "errors"));
  assert.equal(run.failed.safe, 0);
  const { sent, failed } = present(run.stopped, "those that need it");
  assert.ok(failed.safe > sent.safe / 2, `${failed.safe} of ${sent.safe}`);
  assert.equal(run.judged?.recovered, true, JSON.stringify(run.judged));
}

async function needUnsaid(system: LocalSystem): Promise<void> {
  const mix = [GET, { ...GET, path: "/needs" }];
  const evidence = on(await system.drill("dependency-down", { load: { mix } }), "errors");
  assert.match(evidence.verdict, /missed|aborted/, evidence.because);
}

async function dependencySlow(system: LocalSystem): Promise<void> {
  const all = await system.drill("dependency-slow", { load: { mix: [GET, NEEDS] } });
  const run = seen(on(all, "errors"));
  assert.equal(run.failed.safe, 0);
  assert.ok((run.stopped?.sent.safe ?? 0) > 50);
  assert.equal(run.judged?.recovered, true, JSON.stringify(run.judged));
}

async function workerKilled(system: LocalSystem): Promise<void> {
  const evidence = on(await system.drill("kill-edge"), "errors");
  const run = seen(evidence);
  assert.notEqual(evidence.verdict, "missed", evidence.because);
  assert.ok(run.failed.safe <= run.inFlightOnVictim.safe, evidence.because);
}

async function holderKilled(system: LocalSystem): Promise<void> {
  const evidence = on(await system.drill("kill-edge-holder"), "errors");
  const run = seen(evidence);
  assert.notEqual(evidence.verdict, "aborted", evidence.because);
  assert.match(run.undone ?? "", /the edge routes by generation/);
  assert.equal(run.judged?.recovered, true, JSON.stringify(run.judged));
}

async function changed(system: LocalSystem, name: DrillName): Promise<void> {
  const evidence = on(await system.drill(name), "errors");
  const run = seen(evidence);
  assert.equal(evidence.verdict, "held", evidence.because);
  assert.deepEqual(run.failed, { safe: 0, idempotent: 0, unsafe: 0, stream: 0 });
}

it("local: a service that dies because its log cannot be written is a miss", async () => {
  const all = await drillOn(two, "fill-logs");
  if (saysWhatIsMissing(all, "fill-logs")) return;
  const evidence = on(all, "errors");
  assert.equal(evidence.verdict, "missed", evidence.because);
  assert.match(evidence.because, /api-\d did not live through it/);
});

it("local: a service that acknowledges what a full volume did not take is a miss", async () => {
  const load = { mix: [GET, WRITE], history: HISTORY };
  const all = await drillOn(unitIn("trusting"), "fill-volume", { load, others: [store] });
  if (saysWhatIsMissing(all, "fill-volume")) return;
  // Seen while it goes on, and given up: or in the audit at the end.
  const evidence = on(all, "errors");
  assert.match(evidence.because, /acknowledged writes (are not there|lost)/);
  assert.match(evidence.verdict, /missed|aborted/);
});
