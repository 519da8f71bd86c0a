import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { present } from "@seaworthy/std/assert";
import type { Fault } from "../../record/fault.ts";
import { aGraph, aService } from "../declared.ts";
import { runProgram } from "./faults/system-program.ts";
import { isAlive } from "./identity.ts";
import { Hand, Rehearsal, take, until } from "./fixtures/rehearsal.ts";

const soon = (): AbortSignal => AbortSignal.timeout(60_000);

/** Each is over as soon as it was done; another look shows that it was. */
const OVER_AT_ONCE: readonly Fault[] = [
  { kind: "kill-edge", part: "worker" },
  { kind: "kill-edge", part: "holder" },
  { kind: "reload-edge" },
  { kind: "upgrade-edge" },
];

describe("a fault of the edge that is over at once", () => {
  for (const fault of OVER_AT_ONCE) {
    const name = "part" in fault ? `${fault.kind} ${fault.part}` : fault.kind;
    it(`${name}: is seen, and the edge answers again`, async () => {
      await using place = await Rehearsal.begin();
      const target = await place.open();
      const hand = new Hand(target, await take(target));
      await hand.up(aGraph([aService()]));
      const url = present((await target.observe(soon())).edge?.addresses[0], "the address");
      const handle = await target.prepare(fault, soon());
      assert.deepEqual(JSON.parse(JSON.stringify(handle)), handle);
      assert.equal((await target.witness(handle, soon())).state, "over");
      const told: unknown = JSON.parse(await hand.must({ action: "inject", fault: handle }));
      assert.ok(typeof told === "object" && told !== null && "inFlight" in told);
      await until("it to be in force", async () =>
        (await target.witness(handle, soon())).state === "in-force" ? true : undefined,
      );
      assert.ok(!handle.processes.some(isAlive));
      await until("an answer", async () => {
        const answer = await fetch(url).catch(() => undefined);
        return answer?.status === 200 ? true : undefined;
      });
      assert.match(await hand.must({ action: "undo", fault: handle }), /the edge routes by/);
    });
  }
});

describe("the edge", () => {
  it("serves on, and is upgraded, while its own log cannot be written", async () => {
    if (process.getuid?.() !== 0) return;
    await using place = await Rehearsal.begin();
    const target = await place.open();
    const hand = new Hand(target, await take(target));
    await hand.up(aGraph([aService()]));
    const url = present((await target.observe(soon())).edge?.addresses[0], "the address");
    const logs = ["stdout", "stderr"].map((of) => join(place.folder.logs, `edge.${of}.log`));
    const holder = await target.prepare({ kind: "kill-edge", part: "holder" }, soon());
    assert.ok((await runProgram("chattr", ["+i", "--", ...logs])).ok);
    try {
      assert.equal((await fetch(url)).status, 200);
      const handle = await target.prepare({ kind: "upgrade-edge" }, soon());
      await hand.must({ action: "inject", fault: handle });
      assert.equal((await fetch(url)).status, 200);
      assert.ok(!holder.processes.some(isAlive), "another holder is in its place");
    } finally {
      assert.ok((await runProgram("chattr", ["-i", "--", ...logs])).ok);
    }
  });

  it("has a worker to be struck also when that one has outlived its holder", async () => {
    await using place = await Rehearsal.begin();
    const target = await place.open();
    const hand = new Hand(target, await take(target));
    await hand.up(aGraph([aService()]));
    for (const part of ["holder", "worker"] as const) {
      const handle = await until(`a ${part}`, async () => {
        return await target.prepare({ kind: "kill-edge", part }, soon()).catch(() => undefined);
      });
      await hand.must({ action: "inject", fault: handle });
      assert.equal((await target.witness(handle, soon())).state, "in-force");
      await until("the edge", async () => (await target.observe(soon())).edge?.ready || undefined);
    }
  });

  it("is not struck by a handle of a worker that is gone already", async () => {
    await using place = await Rehearsal.begin();
    const target = await place.open();
    const hand = new Hand(target, await take(target));
    await hand.up(aGraph([aService()]));
    const handle = await target.prepare({ kind: "kill-edge", part: "worker" }, soon());
    await hand.must({ action: "inject", fault: handle });
    const successor = await until("the next worker", async () => {
      const next = await target
        .prepare({ kind: "kill-edge", part: "worker" }, soon())
        .catch(() => undefined);
      const process = next?.processes[0];
      return process?.pid === handle.processes[0]?.pid ? undefined : process;
    });
    await hand.must({ action: "inject", fault: handle });
    assert.ok(isAlive(successor), "the one that serves now lives");
  });
});
