import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { present } from "@seaworthy/std/assert";
import type { Fault } from "../../record/fault.ts";
import { aGraph, aService } from "../declared.ts";
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

describe("the edge", () => {
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
