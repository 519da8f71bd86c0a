import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import type { Clock } from "@seaworthy/std/clock";
import { RequestBody } from "./request-body.ts";

/** Time that only the test moves. */
class Standing implements Clock {
  ms = 1_000;
  now(): number {
    return this.ms;
  }
  wall(): number {
    return this.ms;
  }
  async sleep(): Promise<void> {}
}

const NOTHING = { progress(): void {}, overflow(): void {}, complete(): void {} };
const SILENCE_MS = 1_000;

function aBody(clock: Clock): { body: RequestBody; request: IncomingMessage } {
  const request = new IncomingMessage(new Socket());
  const body = new RequestBody(request, NOTHING, { bytesMax: 1_000_000, clock });
  return { body, request };
}

test("a silent client is late after the silence that is allowed", () => {
  const clock = new Standing();
  const { body } = aBody(clock);
  assert.equal(body.lateAtMs(SILENCE_MS), 2_000);
});

test("a byte now and then does not put it off for ever", () => {
  const clock = new Standing();
  const { body, request } = aBody(clock);
  let turns = 0;
  for (; body.lateAtMs(SILENCE_MS) > clock.ms && turns < 1_000; turns += 1) {
    clock.ms += 100;
    request.emit("data", Buffer.alloc(1));
  }
  // A second of credit, and two milliseconds for each byte.
  assert.equal(turns, 11);
});

test("a client as quick as is asked is never late while it goes on", () => {
  const clock = new Standing();
  const { body, request } = aBody(clock);
  for (let turn = 0; turn < 10_000; turn += 1) {
    clock.ms += 100;
    request.emit("data", Buffer.alloc(50));
    assert.ok(body.lateAtMs(SILENCE_MS) >= clock.ms + SILENCE_MS - 100);
  }
});

test("the time in which the endpoint takes nothing is not the client's", () => {
  const clock = new Standing();
  const { body, request } = aBody(clock);
  const feed = body.open();
  assert.equal(body.waitsForClient, false, "nobody reads yet");
  clock.ms += 60_000;
  feed.read();
  assert.equal(body.waitsForClient, true);
  assert.equal(body.lateAtMs(SILENCE_MS), clock.ms + SILENCE_MS);
  request.emit("data", Buffer.alloc(1));
  assert.ok(body.lateAtMs(SILENCE_MS) > clock.ms);
});
