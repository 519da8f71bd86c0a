import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { aGraph, aService } from "../declared.ts";
import { Hand, Rehearsal, seeInstance, seeUnit, take, until } from "./fixtures/rehearsal.ts";
import { logFileOf } from "./log-files.ts";

const soon = (): AbortSignal => AbortSignal.timeout(60_000);

describe("a supervisor killed with kill -9", () => {
  it("leaves its instances serving and logging, and the next one adopts them", async () => {
    await using place = await Rehearsal.begin();
    const { target, pids, url } = await running(place);
    const log = logFileOf(place.folder.logs, { instance: "api-1", stream: "stdout" });
    const loggedBefore = (await readFile(log, "utf8")).length;
    const supervisors = pidsOf(place, "_supervise");
    await place.kill9("_supervise");
    assert.equal((await fetch(url)).status, 200, "the edge answers without a supervisor");
    await until("another supervisor", async () => {
      const now = pidsOf(place, "_supervise");
      return now.length === 1 && now[0] !== supervisors[0] ? true : undefined;
    });
    const hand = new Hand(target, await take(target));
    assert.deepEqual(await pidsNow(place), pids, "the same processes run");
    await until("the log to grow", async () =>
      (await readFile(log, "utf8")).length > loggedBefore ? true : undefined,
    );
    // Adopted, not only tolerated: it can be ended, and one that dies is started again.
    await hand.must({ action: "switch", unit: "api", instances: ["api-2"] });
    await hand.must({ action: "stop", instance: "api-1", graceMs: 5_000 });
    assert.equal(pidsOf(place, "api-1").length, 0);
    await place.kill9("api-2");
    await until("api-2 to run again", async () => {
      const { state, restarts } = await seeInstance(target, "api-2");
      return state === "ready" && restarts === 1 ? true : undefined;
    });
    assert.equal((await fetch(url)).status, 200);
  });

  it("frees the lease of its client, which learns that it is lost", async () => {
    await using place = await Rehearsal.begin();
    const { target, lease } = await running(place, { keepLease: true });
    const lost = new Promise((resolve) => lease.lost.addEventListener("abort", resolve));
    await place.kill9("_supervise");
    await lost;
    const step = { action: "switch", unit: "api", instances: [] } as const;
    await assert.rejects(target.apply(step, { signal: soon(), epoch: lease.epoch }));
    const next = await take(await place.open());
    assert.ok(next.epoch > lease.epoch);
    await next[Symbol.asyncDispose]();
  });
});

describe("a supervisor killed with its watchdog", () => {
  it("is followed by one that the next lease starts", async () => {
    await using place = await Rehearsal.begin();
    const { target, pids, url } = await running(place);
    await place.kill9("_watch", "_supervise");
    assert.deepEqual([pidsOf(place, "_watch"), pidsOf(place, "_supervise")], [[], []]);
    assert.equal((await fetch(url)).status, 200);
    const { instances } = await seeUnit(target, "api");
    assert.deepEqual(
      instances.map(({ state }) => state),
      ["ready", "ready"],
      "seen without it",
    );
    const lease = await take(target);
    assert.deepEqual(await pidsNow(place), pids);
    await lease[Symbol.asyncDispose]();
  });

  it("is followed by one that starts again what died meanwhile", async () => {
    await using place = await Rehearsal.begin();
    const { target } = await running(place);
    await place.kill9("_watch", "_supervise", "api-1");
    assert.equal((await seeInstance(target, "api-1")).state, "gone");
    const lease = await take(target);
    await until("api-1 to be ready again", async () =>
      (await seeInstance(target, "api-1")).state === "ready" ? true : undefined,
    );
    await lease[Symbol.asyncDispose]();
  });

  it("does not lose an edge that died with it", async () => {
    await using place = await Rehearsal.begin();
    const { target, url } = await running(place);
    await place.kill9("_watch", "_supervise", "edge");
    const { edge } = await target.observe(soon());
    assert.equal(edge?.ready, false);
    const lease = await take(target);
    const again = await until("the edge", async () => {
      const status = await fetch(url).then(
        (answer) => answer.status,
        () => undefined,
      );
      return status === 200 ? true : undefined;
    });
    assert.ok(again, "at the same address");
    await lease[Symbol.asyncDispose]();
  });
});

describe("an edge killed with kill -9", () => {
  it("is started again at the same addresses, and routes as before", async () => {
    await using place = await Rehearsal.begin();
    const { url, pids } = await running(place);
    await place.kill9("edge");
    await until("the edge", async () => {
      const status = await fetch(url).then(
        (answer) => answer.status,
        () => undefined,
      );
      return status === 200 ? true : undefined;
    });
    assert.deepEqual(await pidsNow(place), pids);
  });
});

describe("a watchdog killed with kill -9", () => {
  it("is started again by its supervisor", async () => {
    await using place = await Rehearsal.begin();
    const { pids } = await running(place);
    await place.kill9("_watch");
    await until("another watchdog", async () =>
      pidsOf(place, "_watch").length === 1 ? true : undefined,
    );
    const [before] = pidsOf(place, "_supervise");
    await place.kill9("_supervise");
    await until("another supervisor", async () => {
      const now = pidsOf(place, "_supervise");
      return now.length === 1 && now[0] !== before ? true : undefined;
    });
    assert.deepEqual(await pidsNow(place), pids);
  });
});

async function running(place: Rehearsal, options: { readonly keepLease?: boolean } = {}) {
  const target = await place.open();
  const hand = new Hand(target, await take(target));
  await hand.up(aGraph([aService({ replicas: 2 })]));
  const { edge } = await target.observe(soon());
  const url = edge?.addresses[0];
  assert.ok(url !== undefined);
  if (options.keepLease !== true) await hand.lease[Symbol.asyncDispose]();
  return { target, url, lease: hand.lease, pids: await pidsNow(place) };
}

async function pidsNow(place: Rehearsal): Promise<readonly (readonly number[])[]> {
  return ["api-1", "api-2"].map((id) => pidsOf(place, id));
}

function pidsOf(place: Rehearsal, instance: string): readonly number[] {
  return place
    .processes()
    .filter(({ mark }) => mark.instance === instance)
    .map(({ process }) => process.identity.pid);
}
