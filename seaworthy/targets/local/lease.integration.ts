import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";
import { aGraph, aService } from "../declared.ts";
import { TargetError, type LeaseOwner } from "../target.ts";
import { Hand, Rehearsal, take } from "./fixtures/rehearsal.ts";

const soon = (): AbortSignal => AbortSignal.timeout(60_000);
const OTHER: LeaseOwner = { verb: "deploy", pid: 2, host: "there", user: "other" };

describe("the lease", () => {
  it("is given to exactly one of many who ask at once, on a system that was down", async () => {
    await using place = await Rehearsal.begin();
    const clients = await Promise.all(Array.from({ length: 6 }, async () => await place.open()));
    const outcomes = await Promise.all(clients.map(async (one) => await one.lease(OTHER, soon())));
    const held = outcomes.filter((outcome) => outcome.held);
    assert.equal(held.length, 1);
    for (const outcome of outcomes) if (!outcome.held) assert.deepEqual(outcome.by, OTHER);
    const mine = place.processes().map(({ mark }) => mark.instance);
    assert.equal(mine.filter((name) => name === "_supervise").length, 1);
    for (const outcome of held) await outcome.lease[Symbol.asyncDispose]();
  });

  it("is free at once when its client is killed in the middle of a step", async () => {
    await using place = await Rehearsal.begin();
    const target = await place.open();
    const hand = new Hand(target, await take(target));
    const service = aService({ env: { MODE: { kind: "text", text: "never-ready" } } });
    await hand.define(aGraph([service]));
    const release = await hand.release(service);
    await hand.must({ action: "start", unit: "api", instance: "api-1", release });
    await hand.lease[Symbol.asyncDispose]();
    const main = fileURLToPath(new URL("fixtures/client-main.ts", import.meta.url));
    const client = spawn(process.execPath, [main, place.home], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = await once(client.stdout, "data");
    assert.match(String(said), /^holding \d+/);
    assert.equal((await target.lease(OTHER, soon())).held, false);
    client.kill("SIGKILL");
    await once(client, "exit");
    const next = await target.lease(OTHER, soon());
    assert.ok(next.held, "the first who asks after its death is given it");
    await next.lease[Symbol.asyncDispose]();
  });

  it("lets a step be called off, and goes on", async () => {
    await using place = await Rehearsal.begin();
    const target = await place.open();
    const hand = new Hand(target, await take(target));
    const service = aService({ env: { MODE: { kind: "text", text: "never-ready" } } });
    await hand.define(aGraph([service]));
    const release = await hand.release(service);
    await hand.must({ action: "start", unit: "api", instance: "api-1", release });
    const stop = new AbortController();
    const step = { action: "await-ready", instance: "api-1", deadlineMs: 50_000 } as const;
    const waiting = target.apply(step, { signal: stop.signal, epoch: hand.lease.epoch });
    stop.abort(new TargetError("failed", "Ctrl-C"));
    await assert.rejects(waiting, /Ctrl-C/);
    await hand.must({ action: "stop", instance: "api-1", graceMs: 2_000 });
  });
});

describe("the end of a lease", () => {
  it("that nobody used leaves no process behind", async () => {
    await using place = await Rehearsal.begin();
    const target = await place.open();
    const lease = await take(target);
    await lease[Symbol.asyncDispose]();
    assert.deepEqual(place.processes(), []);
  });

  it("ends with everything once the last unit was removed", async () => {
    await using place = await Rehearsal.begin();
    const target = await place.open();
    const hand = new Hand(target, await take(target));
    await hand.up(aGraph([aService({ replicas: 2 })]));
    for (const unit of ["api", "edge"]) await hand.must({ action: "remove", unit });
    await hand.lease[Symbol.asyncDispose]();
    assert.deepEqual(place.processes(), []);
    assert.deepEqual((await target.observe(soon())).units, []);
  });
});
