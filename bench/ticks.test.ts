import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStat } from "./ticks.ts";

test("reads CPU times behind a name that looks like fields", () => {
  const before = "4242 (a) S 1 (x)";
  const after = ["S", 1, 1, 1, 0, -1, 4_194_304, 100, 0, 0, 0, 12, 3, 40, 5, 20, 0, 1, 0, 99_887];
  const parsed = parseStat(`${before} ${after.join(" ")} 1000 200\n`);
  assert.deepEqual(parsed, { startTick: "99887", ownMs: 150, childrenMs: 450 });
});

test("what is no such line is nothing", () => {
  assert.equal(parseStat(""), undefined);
});
