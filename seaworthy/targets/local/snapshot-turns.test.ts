import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { inTurns } from "./snapshot-turns.ts";

const MANY = Array.from({ length: 100 }, (_, index) => index);

test("does every item once, a bounded number at a time", async () => {
  let atOnce = 0;
  let most = 0;
  const done: number[] = [];
  await inTurns(MANY, async (item, index) => {
    most = Math.max(most, (atOnce += 1));
    await setImmediate();
    assert.equal(item, index);
    done.push(item);
    atOnce -= 1;
  });
  assert.deepEqual(
    done.toSorted((a, b) => a - b),
    MANY,
  );
  assert.ok(most > 1 && most <= 16, `${most} at once`);
  await inTurns([], () => Promise.reject(new Error("nothing to do")));
});

test("after a failure nothing begins, and nothing goes on behind the caller's back", async () => {
  let begun = 0;
  let ended = 0;
  const failing = inTurns(MANY, async (item) => {
    begun += 1;
    if (item === 3) throw new Error("item 3");
    await setImmediate();
    await setImmediate();
    ended += 1;
  });
  await assert.rejects(failing, /item 3/);
  assert.equal(ended, begun - 1);
  assert.ok(begun <= 17, `${begun} begun`);
});
