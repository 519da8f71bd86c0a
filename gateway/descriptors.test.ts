import assert from "node:assert/strict";
import { test } from "node:test";
import { Descriptors, readDescriptorLimit } from "./descriptors.ts";

/** How many of one kind are let in until the next would be refused. */
function most(descriptors: Descriptors, kind: "public" | "inner"): number {
  descriptors.open = 0;
  while (descriptors.mayServe(kind) && descriptors.open < 1_000_000) descriptors.open += 1;
  return descriptors.open;
}

test("what is handed out never adds up to the limit, and the inside has some of its own", () => {
  for (const limit of [256, 1_024, 4_096, 20_000, 65_536, 1_048_576]) {
    const descriptors = new Descriptors(limit);
    const strangers = most(descriptors, "public");
    const all = most(descriptors, "inner");
    let requests = 0;
    while (descriptors.mayRequest(requests)) requests += 1;
    assert.ok(strangers < all, `${limit}`);
    assert.ok(all + requests + 128 < limit, `${limit}: ${all} clients, ${requests} requests`);
    descriptors.open = strangers;
    assert.ok(descriptors.mayTell);
    assert.ok(requests >= 1 && strangers >= 1);
  }
});

test("twenty thousand are enough for ten thousand quiet clients", () => {
  assert.ok(most(new Descriptors(20_000), "public") >= 10_000);
});

test("a limit that is not known holds nothing back; one that is absurd leaves one", () => {
  const unknown = new Descriptors(undefined);
  unknown.open = 1e9;
  assert.ok(unknown.mayServe("public") && unknown.mayTell && unknown.mayRequest(1e9));
  assert.equal(most(new Descriptors(10), "public"), 1);
});

test("this process's own limit is read, where the system tells it", () => {
  const limit = readDescriptorLimit();
  assert.ok(limit === undefined || limit > 20, `${limit}`);
  if (process.platform === "linux") assert.notEqual(limit, undefined);
});
