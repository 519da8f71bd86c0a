import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import { Chronicle } from "./chronicle.ts";

function aStore(isFull = () => false) {
  const written: unknown[] = [];
  const append = async (_kind: string, body: unknown): Promise<void> => {
    await Promise.resolve();
    if (isFull()) throw new Error("the disk is full");
    written.push(body);
  };
  return { written, append };
}

const textOf = (body: unknown): string => JSON.stringify(body);

test("what happens under somebody's lease is written when nobody has it, in order", async () => {
  const store = aStore();
  const chronicle = new Chronicle(store, systemClock);
  chronicle.tell("web-1", { what: "ended", because: "exited with code 1" });
  chronicle.tell("web-1", { what: "ready again" });
  await chronicle.flush(() => true);
  assert.deepEqual(store.written, []);
  await chronicle.flush(() => false);
  assert.equal(store.written.length, 2);
  assert.match(textOf(store.written[0]), /"operation":"supervisor".*web-1.*exited with code 1/);
  assert.match(textOf(store.written[1]), /ready again/);
  await chronicle.flush(() => false);
  assert.equal(store.written.length, 2, "each once");
});

test("a lease that is taken amid the writing waits for one line and no more", async () => {
  const store = aStore();
  const chronicle = new Chronicle(store, systemClock);
  for (let at = 0; at < 5; at += 1) chronicle.tell(`web-${at}`, { what: "ended" });
  let held = false;
  const flushing = chronicle.flush(() => held);
  held = true;
  await chronicle.settled();
  assert.equal(store.written.length, 1);
  await flushing;
  assert.equal(store.written.length, 1);
});

test("what cannot be written is kept; of too much the newest, the rest is counted", async () => {
  let isFull = true;
  const store = aStore(() => isFull);
  const chronicle = new Chronicle(store, systemClock);
  for (let at = 0; at < 250; at += 1) chronicle.tell(`web-${at}`, { what: "ended" });
  await assert.rejects(
    chronicle.flush(() => false),
    /disk is full/,
  );
  await chronicle.settled();
  isFull = false;
  await chronicle.flush(() => false);
  assert.equal(store.written.length, 200);
  assert.match(textOf(store.written[0]), /web-50.*\(50 such events before it are lost\)/);
  assert.doesNotMatch(textOf(store.written[1]), /lost/);
});
