import assert from "node:assert/strict";
import { test } from "node:test";
import { aGraph, aService } from "../../declared.ts";
import { beforeOf } from "./define.ts";

const OLD = aGraph([aService()]);
const NEW = aGraph([aService({ replicas: 2 })]);

test("what was defined before an operation is remembered, however often it defines", () => {
  const first = beforeOf({ graph: OLD, before: undefined }, "up-1");
  assert.deepEqual(first, { operation: "up-1", graph: OLD });
  assert.deepEqual(beforeOf({ graph: NEW, before: first }, "up-1"), first);
  const next = beforeOf({ graph: NEW, before: first }, "up-2");
  assert.deepEqual(next, { operation: "up-2", graph: NEW });
});

test("a client that does not say who defines changes nothing of it", () => {
  const before = { operation: "up-1", graph: OLD };
  assert.equal(beforeOf({ graph: NEW, before }, undefined), before);
});
