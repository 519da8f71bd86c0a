import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { EdgeProvider } from "../../system/system.ts";
import {
  EdgeStage,
  failedOf,
  lossesOf,
  PROVIDERS,
  stageService,
  type Seen,
} from "./fixtures/edge-stage.ts";
import { seeInstance, until } from "./fixtures/rehearsal.ts";
import { probe } from "./supervisor/probe.ts";

const STEADY_MS = 1_000;
const AFTER_MS = 1_000;

/**
 * What each is known to lose, and why; all else is held by all three (docs/edges.md). What is
 * not lost any more is to be removed here.
 */
const KNOWN: Readonly<Record<EdgeProvider, { readonly change: string; readonly killed: string }>> =
  {
    gateway: { change: "", killed: "" },
    // Its master ends with a worker that was killed; until it is started again nobody listens.
    haproxy: { change: "", killed: "refused" },
    // Every change is a reload, also of who is fit. It closes idle ones (before 1.27.4, which
    // has keepalive_min_timeout), and a request may be on its way to one just then.
    nginx: { change: "reset", killed: "" },
  };

for (const provider of PROVIDERS) {
  describe(`drills of the edge: ${provider}`, () => {
    let stage: EdgeStage;
    before(async () => {
      stage = await EdgeStage.begin(provider);
    });
    after(async () => {
      await stage[Symbol.asyncDispose]();
    });
    const drill = (name: string, keep: (stage: EdgeStage) => Promise<void>): void => {
      it(name, async () => {
        await keep(stage);
      });
    };
    drill("is reloaded under load", reloaded);
    drill("is upgraded under load: other processes serve, on the same sockets", upgraded);
    drill("rolls to other instances under load, and drains what it left", rolled);
    drill("never routes a release that is never ready", neverReady);
    drill("loses no more of a killed instance than it had in flight", killed);
    drill("answers every read while an instance is frozen, and applies no write twice", frozen);
    drill("answers every read while packets to an instance are dropped", dropped);
    drill("serves again after its worker was killed, and loses only what is known", workerKilled);
    drill("serves again after whoever looks after its workers was killed", holderKilled);
  });
}

describe("a drill of the edge that cannot fail proves nothing", () => {
  it("sees writes applied twice, where a route is wrongly declared idempotent", async () => {
    await using stage = await EdgeStage.begin("haproxy");
    await using load = await stage.load("/orders");
    await load.for(STEADY_MS);
    const instance = await victimOf(stage);
    await stage.strike({ kind: "freeze", instance, forMs: 30_000 }, async () => {
      await load.for(SILENT_MS);
    });
    await load.for(AFTER_MS);
    const seen = await load.finish();
    assert.ok(seen.audit.doubled.length > 0, "frozen, sent elsewhere, and applied when it thawed");
    assert.throws(() => wroteOnce(seen));
  });

  it("sees requests that no instance was left to answer", async () => {
    await using stage = await EdgeStage.begin("nginx");
    await using load = await stage.load();
    await load.for(STEADY_MS);
    for (const instance of ["api-1", "api-2"]) await stage.strike({ kind: "kill", instance });
    await load.for(AFTER_MS);
    const seen = await load.finish();
    assert.throws(() => lostNothingBut(seen, []));
  });
});

async function reloaded(stage: EdgeStage): Promise<void> {
  await using load = await stage.load();
  await load.for(STEADY_MS);
  await stage.strike({ kind: "reload-edge" });
  await load.for(AFTER_MS);
  lostNothingBut(await load.finish(), [KNOWN[stage.provider].change]);
}

async function upgraded(stage: EdgeStage): Promise<void> {
  await using load = await stage.load();
  await load.for(STEADY_MS);
  await stage.strike({ kind: "upgrade-edge" });
  await load.for(AFTER_MS);
  lostNothingBut(await load.finish(), [KNOWN[stage.provider].change]);
}

async function rolled(stage: EdgeStage): Promise<void> {
  await using load = await stage.load();
  await load.for(STEADY_MS);
  await roll(stage);
  await load.for(AFTER_MS);
  lostNothingBut(await load.finish(), [KNOWN[stage.provider].change]);
}

async function neverReady(stage: EdgeStage): Promise<void> {
  await using load = await stage.load();
  const service = stageService({ env: { MODE: { kind: "text", text: "never-ready" } } });
  const release = await stage.hand.release(service);
  const instance = "api-9";
  await stage.hand.must({ action: "start", unit: "api", instance, release });
  const waited = await stage.hand.apply({ action: "await-ready", instance, deadlineMs: 1_500 });
  assert.equal(waited.outcome, "failed");
  await stage.hand.must({ action: "stop", instance, graceMs: 1_000 });
  lostNothingBut(await load.finish(), []);
}

async function killed(stage: EdgeStage): Promise<void> {
  await using load = await stage.load();
  await load.for(STEADY_MS);
  const instance = await victimOf(stage);
  const { wallMs } = await stage.strike({ kind: "kill", instance });
  await load.for(AFTER_MS);
  await stage.hand.must({ action: "await-ready", instance, deadlineMs: 30_000 });
  await load.for(AFTER_MS);
  const seen = await load.finish();
  const atMs = wallMs - load.run.startedWallMs;
  const inFlight = seen.samples.filter(
    ({ sentMs, endMs }) => sentMs <= atMs + KILL_MS && (endMs ?? Infinity) >= atMs,
  );
  const { change } = KNOWN[stage.provider];
  const others = failedOf(
    seen,
    (one) => !(one.class === "unsafe" && inFlight.includes(one)) && one.failure !== change,
  );
  assert.deepEqual(others, [], `lost is only what was in flight: ${lossesOf(seen)}`);
  wroteOnce(seen);
}

async function frozen(stage: EdgeStage): Promise<void> {
  await silent(stage, "freeze");
}

/** Needs root; without it the target says so, and no drill of it is begun either. */
async function dropped(stage: EdgeStage): Promise<void> {
  const { faults, faultGaps } = stage.hand.target.platform;
  if (faults.has("drop")) return await silent(stage, "drop");
  assert.match(faultGaps?.drop ?? "", /^needs /);
}

async function silent(stage: EdgeStage, kind: "freeze" | "drop"): Promise<void> {
  await using load = await stage.load();
  await load.for(STEADY_MS);
  const instance = await victimOf(stage);
  await stage.strike({ kind, instance, forMs: 30_000 }, async () => {
    await load.for(SILENT_MS);
  });
  await load.for(AFTER_MS);
  const seen = await load.finish();
  const { change } = KNOWN[stage.provider];
  const reads = failedOf(seen, (one) => one.class === "safe" && one.failure !== change);
  assert.deepEqual(reads, [], lossesOf(seen));
  wroteOnce(seen);
  await until("it to be ready again", async () =>
    (await seeInstance(stage.hand.target, instance)).state === "ready" ? true : undefined,
  );
}

async function workerKilled(stage: EdgeStage): Promise<void> {
  await using load = await stage.load();
  await load.for(STEADY_MS);
  const { wallMs } = await stage.strike({ kind: "kill-edge", part: "worker" });
  await until("an answer", async () => ((await isAnswered(stage)) ? true : undefined));
  await load.for(AFTER_MS);
  const seen = await load.finish();
  lostNothingBut(seen, ["reset", "body", KNOWN[stage.provider].killed]);
  const atMs = wallMs - load.run.startedWallMs;
  const early = failedOf(seen, ({ endMs }) => (endMs ?? Infinity) < atMs);
  assert.deepEqual(early, [], "nothing was lost before it was struck");
}

async function holderKilled(stage: EdgeStage): Promise<void> {
  await stage.strike({ kind: "kill-edge", part: "holder" });
  await until("an answer", async () => ((await isAnswered(stage)) ? true : undefined));
  await using load = await stage.load();
  await load.for(AFTER_MS);
  lostNothingBut(await load.finish(), []);
}

function lostNothingBut(seen: Seen, known: readonly string[]): void {
  const others = failedOf(seen, ({ failure }) => !known.includes(failure ?? ""));
  assert.deepEqual(others, [], lossesOf(seen));
  wroteOnce(seen);
}

/** From the look at what is in flight to the signal's effect, with room for a busy machine. */
const KILL_MS = 250;
const SILENT_MS = 3_000;

/** No write was lost that was acknowledged, and none took effect twice. */
function wroteOnce({ audit }: Seen): void {
  const { lost, doubled, phantom } = audit;
  assert.deepEqual({ lost, doubled, phantom }, { lost: [], doubled: [], phantom: [] });
  assert.ok(audit.writes.ok > 0, "there were writes");
}

async function victimOf(stage: EdgeStage): Promise<string> {
  const [victim] = await routed(stage);
  assert.ok(victim !== undefined, "an instance is routed");
  return victim;
}

async function routed(stage: EdgeStage): Promise<readonly string[]> {
  const { units } = await stage.hand.target.observe(AbortSignal.timeout(10_000));
  const instances = units.find(({ name }) => name === "api")?.instances ?? [];
  return instances.filter((one) => one.routed && one.state === "ready").map(({ id }) => id);
}

/** As the rollout's own rolls: one starts, is waited for, routed; then one leaves, drains, ends. */
async function roll(stage: EdgeStage): Promise<void> {
  const { hand } = stage;
  const service = stageService();
  const release = await hand.release(service);
  let serving = [...(await routed(stage))];
  const { units } = await hand.target.observe(AbortSignal.timeout(10_000));
  let next = units.find(({ name }) => name === "api")?.nextInstance ?? 0;
  assert.equal(serving.length, 2, "both are ready");
  for (const old of serving) {
    const fresh = await hand.bring(service, release, next);
    next += 1;
    await hand.must({ action: "switch", unit: "api", instances: [...serving, fresh] });
    serving = [...serving.filter((one) => one !== old), fresh];
    await hand.must({ action: "switch", unit: "api", instances: serving });
    await hand.must({ action: "drain", instance: old, deadlineMs: 5_000 });
    await hand.must({ action: "stop", instance: old, graceMs: 5_000 });
  }
}

/** On a connection of its own: one that is open already may still be served by who was before. */
async function isAnswered({ url }: EdgeStage): Promise<boolean> {
  const port = Number(new URL(url).port);
  const { status } = await probe({
    ...{ port, path: "/", method: "GET", headers: {}, timeoutMs: 2_000 },
  });
  return status === 200;
}
