import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { it } from "node:test";
import { present } from "@seaworthy/std/assert";
import { aGraph, aService } from "../declared.ts";
import { Hand, Rehearsal, seeInstance, take, until } from "./fixtures/rehearsal.ts";

/** Time for the test to take the port before the instance is started again. */
const SLOW_RESTART = { backoffFirstMs: 2_000, backoffMaxMs: 4_000 };

it("an instance whose port was taken gets another one, and the edge knows it", async () => {
  await using place = await Rehearsal.begin();
  const target = await place.open();
  const hand = new Hand(target, await take(target));
  await hand.up(aGraph([aService({ restart: SLOW_RESTART })]));
  const before = present((await seeInstance(target, "api-1")).address, "its address");
  await place.kill9("api-1");
  const squatter = createServer((socket) => socket.destroy());
  await until("the port to be free", async () => {
    squatter.listen(before.port, before.host);
    const heard = await Promise.race([
      once(squatter, "listening").then(() => true),
      once(squatter, "error").then(() => undefined),
    ]);
    return heard;
  });
  try {
    await until("another life", async () => {
      const now = await seeInstance(target, "api-1");
      return now.state === "ready" && now.restarts === 1 ? true : undefined;
    });
    const after = present((await seeInstance(target, "api-1")).address, "its address");
    assert.notEqual(after.port, before.port);
    const { edge } = await target.observe(AbortSignal.timeout(10_000));
    const answer = await fetch(present(edge?.addresses[0], "the edge's address"));
    assert.equal(answer.status, 200);
  } finally {
    squatter.close();
  }
});
