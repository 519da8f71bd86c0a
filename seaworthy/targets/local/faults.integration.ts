import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { describe, it } from "node:test";
import type { FaultHandle } from "../../record/fault.ts";
import { aCheck, aGraph, aService } from "../declared.ts";
import { isStopped } from "./identity.ts";
import { Hand, Rehearsal, seeInstance, take, until } from "./fixtures/rehearsal.ts";

const soon = (): AbortSignal => AbortSignal.timeout(60_000);
/** So seldom that no test here sees a frozen instance replaced. */
const PATIENT = aCheck({ path: "/health", everyMs: 10_000, timeoutMs: 5_000, fall: 10 });

describe("a freeze", () => {
  it("is seen, undone and seen undone; its switch ends", async () => {
    await using place = await Rehearsal.begin();
    const { hand, fault, leader } = await prepared(place, { forMs: 50_000 });
    await hand.must({ action: "inject", fault });
    assert.ok(isStopped(leader));
    assert.equal(switches(place), 1);
    assert.equal((await seeInstance(hand.target, "api-1")).state, "frozen");
    const detail = await hand.must({ action: "undo", fault });
    assert.match(detail, /runs again/);
    assert.ok(!isStopped(leader));
    await until("the switch's end", async () => (switches(place) === 0 ? true : undefined));
    assert.deepEqual(await readdir(place.folder.faults), []);
  });

  it("thaws at its deadline although everything of the tool was killed", async () => {
    await using place = await Rehearsal.begin();
    const { hand, fault, leader } = await prepared(place, { forMs: 4_000 });
    await hand.must({ action: "inject", fault });
    await place.kill9("_watch", "_supervise");
    assert.ok(isStopped(leader), "frozen when the tool died");
    await until("the thaw", async () => (isStopped(leader) ? undefined : true));
    await until("the switch's end", async () => (switches(place) === 0 ? true : undefined));
    const left = await readdir(place.folder.faults);
    assert.deepEqual(left, [`${fault.id}.undone`], "it says that it had to");
  });

  it("whose switch died is given another one by the next supervisor", async () => {
    await using place = await Rehearsal.begin();
    const { hand, fault, leader } = await prepared(place, { forMs: 6_000 });
    await hand.must({ action: "inject", fault });
    await place.kill9("_undo", "_supervise");
    await until("the thaw", async () => (isStopped(leader) ? undefined : true));
  });

  it("of an instance that is replaced meanwhile says so", async () => {
    await using place = await Rehearsal.begin();
    const { hand, fault } = await prepared(place, { forMs: 50_000 });
    await hand.must({ action: "inject", fault });
    await place.kill9("api-1");
    await until("a new process", async () =>
      (await seeInstance(hand.target, "api-1")).state === "ready" ? true : undefined,
    );
    assert.match(await hand.must({ action: "undo", fault }), /was replaced by pid \d+/);
  });
});

describe("a kill", () => {
  it("says what was in flight on the victim, and ends the whole of it", async () => {
    await using place = await Rehearsal.begin();
    const { hand, fault, url } = await prepared(place, { kill: true });
    // Nothing sends an unsafe request again, so that what is in flight is exactly one.
    const slow = fetch(`${url}/slow`, { method: "POST" }).then(
      (answer) => answer.status,
      () => 0,
    );
    await until("a request in flight", async () => {
      const { instances } = await hand.target.measure("api", soon());
      return instances.some(({ inFlight }) => inFlight.unsafe > 0) ? true : undefined;
    });
    const detail: unknown = JSON.parse(await hand.must({ action: "inject", fault }));
    assert.ok(typeof detail === "object" && detail !== null && "inFlight" in detail);
    assert.deepEqual(detail.inFlight, { safe: 0, idempotent: 0, unsafe: 1, stream: 0 });
    await slow;
    await hand.must({ action: "await-ready", instance: "api-1", deadlineMs: 30_000 });
  });

  it("of a process that is not the prepared one any more is refused", async () => {
    await using place = await Rehearsal.begin();
    const { hand, fault } = await prepared(place, { kill: true });
    await place.kill9("api-1");
    const pid = await until("a new process", async () => {
      const now = await seeInstance(hand.target, "api-1");
      return now.state === "ready" && now.restarts === 1 ? now.pid : undefined;
    });
    const result = await hand.apply({ action: "inject", fault });
    assert.equal(result.outcome, "failed");
    assert.equal((await seeInstance(hand.target, "api-1")).pid, pid);
  });
});

async function prepared(
  place: Rehearsal,
  options: { readonly forMs: number } | { readonly kill: true },
) {
  const target = await place.open();
  const hand = new Hand(target, await take(target));
  await hand.up(aGraph([aService({ health: PATIENT })]));
  const instance = "api-1";
  const fault: FaultHandle = await target.prepare(
    "kill" in options
      ? { kind: "kill", instance }
      : { kind: "freeze", instance, forMs: options.forMs },
    soon(),
  );
  const leader = fault.processes[0];
  const url = (await target.observe(soon())).edge?.addresses[0];
  assert.ok(leader !== undefined && url !== undefined);
  return { hand, fault, leader, url };
}

function switches(place: Rehearsal): number {
  return place.processes().filter(({ mark }) => mark.instance === "_undo").length;
}
