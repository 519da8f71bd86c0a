import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import type { World } from "./measured.ts";
import { Sandbox } from "./sandbox.ts";

function aWorld(): { readonly world: World; readonly said: string[] } {
  const said: string[] = [];
  const world: World = {
    root: join(import.meta.dirname, ".."),
    clock: systemClock,
    environment: process.env,
    signal: new AbortController().signal,
    say: (line) => void said.push(line),
  };
  return { world, said };
}

test("what a run brought up is down afterwards, and its folder is gone", async () => {
  const { world, said } = aWorld();
  let folder = "";
  {
    await using sandbox = await Sandbox.open(world);
    ({ folder } = sandbox);
    await sandbox.up(["systems/model-router", "-e", "rehearsal"]);
    assert.equal((await fetch(new URL("/v1/models", await sandbox.edge()))).status, 200);
  }
  assert.ok(!existsSync(folder));
  assert.deepEqual(said, [], "it went by itself");
});

test("a process that was left behind is killed, and said", async () => {
  const { world, said } = aWorld();
  const sandbox = await Sandbox.open(world);
  const argv = ["-e", "setTimeout(() => {}, 120_000)"];
  const child = spawn(process.execPath, argv, { cwd: join(sandbox.folder, "system") });
  const ended = new Promise((resolve) => child.on("exit", (_code, signal) => resolve(signal)));
  await sandbox[Symbol.asyncDispose]();
  assert.equal(await ended, "SIGKILL");
  assert.match(said.join("\n"), new RegExp(`LEFT BEHIND, killed now: ${child.pid} `));
});
