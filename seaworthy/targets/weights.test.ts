import assert from "node:assert/strict";
import { test } from "node:test";
import { weightsOf } from "./weights.ts";

const old = [1, 2, 3].map((number) => ({ id: `api-${number}`, release: "r1" }));
const fresh = [{ id: "api-4", release: "r2" }];

test("without shares, all instances weigh alike", () => {
  const weights = weightsOf([...old, ...fresh], undefined);
  assert.deepEqual([...weights.values()], [1, 1, 1, 1]);
});

test("a release's share is spread over its instances, the rest over the others", () => {
  const weights = weightsOf([...old, ...fresh], { r2: 0.1 });
  assert.equal(weights.get("api-4"), 0.1);
  const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
  assert.ok(Math.abs(sum - 1) < 1e-9, String(sum));
  assert.equal(weights.get("api-1"), weights.get("api-3"));
});

test("a share of a release that is not there, or of an inherited name, moves nothing", () => {
  assert.deepEqual([...weightsOf(fresh, { r9: 0.5 }).values()], [1]);
  assert.deepEqual([...weightsOf([{ id: "a-1", release: "toString" }], {}).values()], [1]);
});
