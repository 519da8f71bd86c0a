import { strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { assert, assertNever, BrokenInvariant, present } from "./assert.ts";

test("a broken promise of our own says which", () => {
  assert(true, "never said");
  throws(() => assert(false, "two edges"), new BrokenInvariant("two edges"));
});

test("a case nobody handled is named", () => {
  // @ts-expect-error a member that the union has not: what a newer writer would send
  throws(() => assertNever({ state: "melted" }), /unhandled case: \{"state":"melted"\}/);
});

test("what is there is given back, also when it is falsy; what is not is named", () => {
  strictEqual(present(0, "count"), 0);
  strictEqual(present("", "text"), "");
  throws(() => present(undefined, "the edge"), /the edge is missing/);
  throws(() => present(null, "the edge"), /the edge is missing/);
});
