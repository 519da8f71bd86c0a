import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { describe, it } from "node:test";
import { present } from "@seaworthy/std/assert";
import type { Fault, FaultHandle } from "../../record/fault.ts";
import { aCheck, aGraph, aService } from "../declared.ts";
import type { Target } from "../target.ts";
import { isStopped } from "./identity.ts";
import { OpenConnection } from "./fixtures/open-connection.ts";
import { Hand, Rehearsal, seeInstance, take, until } from "./fixtures/rehearsal.ts";

const soon = (): AbortSignal => AbortSignal.timeout(60_000);
/** So seldom that no test here sees a broken instance replaced. */
const PATIENT = aCheck({ path: "/health", everyMs: 10_000, timeoutMs: 5_000, fall: 10 });
const LONG_MS = 50_000;
/** What was seen later may be over before everything of the tool is killed. */
const SEEN_BEFORE_MS = 1_000;
const api = { instance: "api-1" } as const;

/** Each is injected, seen by another look, undone twice, and seen undone. */
type Lasting = Extract<Fault, { readonly forMs: number }>;

const LASTING: readonly Lasting[] = [
  { kind: "freeze", ...api, forMs: LONG_MS },
  { kind: "drop", ...api, forMs: LONG_MS },
  { kind: "slow", ...api, runningMs: 10, stoppedMs: 90, forMs: LONG_MS },
  { kind: "fill-logs", ...api, forMs: LONG_MS },
  { kind: "exhaust-memory", ...api, forMs: LONG_MS },
];

describe("a fault that lasts", () => {
  for (const fault of LASTING) {
    it(`${fault.kind}: is seen, undone and seen undone; its switch ends`, () => isUndone(fault));
    it(`${fault.kind}: is undone at its deadline although all of the tool was killed`, () =>
      isUndoneByItsSwitch(fault));
  }
});

describe("a fault whose switch died", () => {
  it("is given another one by the next supervisor", async () => {
    await using place = await Rehearsal.begin();
    const { hand, target } = await running(place);
    const handle = await target.prepare({ kind: "freeze", ...api, forMs: 12_000 }, soon());
    await hand.must({ action: "inject", fault: handle });
    await place.kill9("_undo", "_supervise");
    await until("the thaw", () => isNow(target, handle, "over"));
  });

  it("is given another one by the supervisor that lives", async () => {
    await using place = await Rehearsal.begin();
    const { hand, target } = await running(place);
    const handle = await target.prepare({ kind: "freeze", ...api, forMs: 10_000 }, soon());
    await hand.must({ action: "inject", fault: handle });
    await place.kill9("_undo");
    // Nobody undoes it by hand: the command that broke it may be dead as well.
    await until("the thaw", () => isNow(target, handle, "over"));
    await until("the end of what it needed", async () => nothingOf(place));
  });

  it("leaves no file when it is undone by hand", async () => {
    await using place = await Rehearsal.begin();
    const { hand, target } = await running(place);
    const handle = await target.prepare({ kind: "freeze", ...api, forMs: LONG_MS }, soon());
    await hand.must({ action: "inject", fault: handle });
    await place.kill9("_undo");
    await hand.must({ action: "undo", fault: handle });
    await until("the end of what it needed", async () => nothingOf(place));
    assert.deepEqual(await readdir(place.folder.faults), []);
  });
});

describe("a fault", () => {
  it("that cannot be done is undone at once, and leaves nothing", async () => {
    await using place = await Rehearsal.begin();
    const { hand, target } = await running(place);
    const drop = { kind: "drop", ...api, forMs: LONG_MS } as const;
    if (await isMissing(target, drop)) return;
    const { port: _port, ...handle } = await target.prepare(drop, soon());
    const result = await hand.apply({ action: "inject", fault: handle });
    assert.equal(result.outcome, "failed");
    await until("the end of what it needed", async () => nothingOf(place));
    assert.deepEqual(await readdir(place.folder.faults), []);
    const notOurs = { ...(await target.prepare(drop, soon())), id: "f; drop table" };
    assert.equal((await hand.apply({ action: "inject", fault: notOurs })).outcome, "failed");
  });

  it("whose deadline came before it was in force is refused, and leaves nothing", async () => {
    await using place = await Rehearsal.begin();
    const { hand, target } = await running(place);
    for (const fault of LASTING.filter(({ kind }) => target.platform.faults.has(kind))) {
      const prepared = await target.prepare(fault, soon());
      const handle = { ...prepared, undoByWallMs: Date.now() - 1 };
      const result = await hand.apply({ action: "inject", fault: handle });
      assert.equal(result.outcome, "failed", fault.kind);
      await until(`no ${fault.kind}`, () => isNow(target, handle, "over"));
      await until("the end of what it needed", async () => nothingOf(place));
    }
    const left = await readdir(place.folder.faults);
    assert.ok(
      left.every((name) => name.endsWith(".undone")),
      left.join(),
    );
  });

  it("of an instance that is replaced meanwhile says so", async () => {
    await using place = await Rehearsal.begin();
    const { hand, target } = await running(place);
    const handle = await target.prepare({ kind: "freeze", ...api, forMs: LONG_MS }, soon());
    await hand.must({ action: "inject", fault: handle });
    await place.kill9("api-1");
    await until("a new process", async () =>
      (await seeInstance(hand.target, "api-1")).state === "ready" ? true : undefined,
    );
    const detail = await hand.must({ action: "undo", fault: handle });
    assert.match(detail, /was replaced by pid \d+/);
  });
});

describe("a drop", () => {
  it("leaves connections neither answered nor refused, also those that were open", async () => {
    await using place = await Rehearsal.begin();
    const { hand, target } = await running(place);
    const drop = { kind: "drop", ...api, forMs: LONG_MS } as const;
    if (await isMissing(target, drop)) return;
    const { address } = await seeInstance(target, "api-1");
    const open = await OpenConnection.to(present(address, "an address").port);
    assert.match(await open.ask(), /^HTTP\/1\.1 200/);
    const handle = await target.prepare(drop, soon());
    await hand.must({ action: "inject", fault: handle });
    assert.equal(await open.ask(), "silence");
    await hand.must({ action: "undo", fault: handle });
    // What was sent meanwhile is sent again by the kernel, and answered late.
    assert.match(await open.answer(), /^HTTP\/1\.1 200/);
    open.close();
  });
});

describe("a slow instance", () => {
  it("is never left stopped by a breaker that was killed", async () => {
    await using place = await Rehearsal.begin();
    const { hand, target } = await running(place);
    const fault = { kind: "slow", ...api, runningMs: 50, stoppedMs: 500, forMs: LONG_MS } as const;
    const handle = await target.prepare(fault, soon());
    await hand.must({ action: "inject", fault: handle });
    await until("a pause", async () => (stopped(handle) ? true : undefined));
    await place.kill9("_break");
    await until("it to run again", () => isNow(target, handle, "over"));
    assert.ok(!stopped(handle));
    await until("the end of what it needed", async () => nothingOf(place));
  });
});

describe("a kill", () => {
  it("says what was in flight on the victim, and ends the whole of it", async () => {
    await using place = await Rehearsal.begin();
    const { hand, target, url } = await running(place);
    const handle = await target.prepare({ kind: "kill", ...api }, soon());
    // Nothing sends an unsafe request again, so that what is in flight is exactly one.
    const slow = fetch(`${url}/slow`, { method: "POST" }).then(
      (answer) => answer.status,
      () => 0,
    );
    await until("a request in flight", async () => {
      const { instances } = await hand.target.measure("api", soon());
      return instances.some(({ inFlight }) => inFlight.unsafe > 0) ? true : undefined;
    });
    const detail: unknown = JSON.parse(await hand.must({ action: "inject", fault: handle }));
    assert.ok(typeof detail === "object" && detail !== null && "inFlight" in detail);
    assert.deepEqual(detail.inFlight, { safe: 0, idempotent: 0, unsafe: 1, stream: 0 });
    assert.equal((await target.witness(handle, soon())).state, "in-force");
    await slow;
    await hand.must({ action: "await-ready", instance: "api-1", deadlineMs: 30_000 });
  });

  it("of a process that is not the prepared one any more is refused", async () => {
    await using place = await Rehearsal.begin();
    const { hand, target } = await running(place);
    const handle = await target.prepare({ kind: "kill", ...api }, soon());
    await place.kill9("api-1");
    const pid = await until("a new process", async () => {
      const now = await seeInstance(hand.target, "api-1");
      return now.state === "ready" && now.restarts === 1 ? now.pid : undefined;
    });
    const result = await hand.apply({ action: "inject", fault: handle });
    assert.equal(result.outcome, "failed");
    assert.equal((await seeInstance(hand.target, "api-1")).pid, pid);
  });
});

async function isUndone(fault: Lasting): Promise<void> {
  await using place = await Rehearsal.begin();
  const { hand, target } = await running(place);
  if (await isMissing(target, fault)) return;
  const handle = await target.prepare(fault, soon());
  await hand.must({ action: "inject", fault: handle });
  assert.equal(ours(place, "_undo"), 1);
  await until("it to be in force", () => isNow(target, handle, "in-force"));
  await hand.must({ action: "undo", fault: handle });
  await until("it to be over", () => isNow(target, handle, "over"));
  await hand.must({ action: "undo", fault: handle });
  await until("the end of what it needed", async () => nothingOf(place));
  assert.deepEqual(await readdir(place.folder.faults), []);
}

async function isUndoneByItsSwitch(fault: Lasting): Promise<void> {
  await using place = await Rehearsal.begin();
  const { hand, target } = await running(place);
  if (await isMissing(target, fault)) return;
  // A busy machine may need longer than it lasts to begin it; then it lasts longer.
  let forMs = 3_000;
  const handle = await until("it to be in force", async () => {
    forMs *= 2;
    const prepared = await target.prepare({ ...fault, forMs }, soon());
    return await inForce(hand, prepared);
  });
  await place.kill9("_watch", "_supervise");
  await until("it to be over", () => isNow(target, handle, "over"));
  await until("the end of what it needed", async () => nothingOf(place));
  const left = await readdir(place.folder.faults);
  assert.ok(left.includes(`${handle.id}.undone`), "it says that it had to");
  assert.ok(
    left.every((name) => name.endsWith(".undone")),
    left.join(),
  );
}

async function running(place: Rehearsal) {
  const target = await place.open();
  const hand = new Hand(target, await take(target));
  await hand.up(aGraph([aService({ health: PATIENT })]));
  const url = present((await target.observe(soon())).edge?.addresses[0], "the edge's address");
  return { hand, target, url };
}

/**
 * Refused with what it needs. As root nothing may be missing that can be installed; a container may
 * keep its control groups to itself.
 */
async function isMissing(target: Target, fault: Fault): Promise<boolean> {
  if (target.platform.faults.has(fault.kind)) return false;
  const gap = target.platform.faultGaps?.[fault.kind] ?? "";
  assert.ok(process.getuid?.() !== 0 || /control group/.test(gap), gap);
  await assert.rejects(target.prepare(fault, soon()), /is not possible here: it needs /);
  return true;
}

async function isNow(target: Target, handle: FaultHandle, state: "in-force" | "over") {
  return (await target.witness(handle, soon())).state === state ? true : undefined;
}

/** Undefined: its deadline came before anybody saw it. */
async function inForce(hand: Hand, handle: FaultHandle): Promise<FaultHandle | undefined> {
  const result = await hand.apply({ action: "inject", fault: handle });
  if (result.outcome === "failed") return undefined;
  while (Date.now() < handle.undoByWallMs - SEEN_BEFORE_MS) {
    if ((await isNow(hand.target, handle, "in-force")) === true) return handle;
  }
  return undefined;
}

function stopped({ processes }: FaultHandle): boolean {
  return processes.some(isStopped);
}

function ours(place: Rehearsal, instance: string): number {
  return place.processes().filter(({ mark }) => mark.instance === instance).length;
}

function nothingOf(place: Rehearsal): true | undefined {
  return ours(place, "_undo") + ours(place, "_break") === 0 ? true : undefined;
}
