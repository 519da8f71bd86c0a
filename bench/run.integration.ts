import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { execPath } from "node:process";
import { test } from "node:test";

const run = (...args: readonly string[]) =>
  spawnSync(execPath, [join(import.meta.dirname, "run.ts"), ...args], { encoding: "utf8" });

test("without a name it lists what there is", () => {
  const { status, stdout } = run();
  assert.equal(status, 0);
  const names = stdout.split("\n").map((line) => line.split(" ")[0]);
  assert.deepEqual(names, [
    "cli",
    "check",
    "rollout",
    "releases",
    "faults",
    "edges",
    "gateway",
    "idle",
    "",
  ]);
});

test("a name, a count or a seed that is none is refused before anything runs", () => {
  for (const args of [["rolout"], ["cli", "--runs", "0"], ["cli", "--runs", "1.5"]]) {
    assert.equal(run(...args).status, 2, args.join(" "));
  }
  assert.equal(run("cli", "--seed", "no").status, 2);
});
