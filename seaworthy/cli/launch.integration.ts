import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { test } from "node:test";

const LAUNCHER = join(import.meta.dirname, "launch.js");
const MAIN = join(import.meta.dirname, "main.ts");

/** Node's own account of its compile cache: what it says of `main.ts` at a second start. */
async function secondStart(program: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sw-"));
  const { NODE_COMPILE_CACHE: _, ...others } = process.env;
  const env = { ...others, TMPDIR: folder, NODE_DEBUG_NATIVE: "COMPILE_CACHE" };
  try {
    const start = () => spawnSync(execPath, [program, "--help"], { env, encoding: "utf8" });
    assert.match(start().stdout, /Usage: seaworthy/);
    const account = start()
      .stderr.split("\n")
      .filter((line) => line.includes("cli/main.ts"));
    return account.join("\n");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("from its second start on, the tool needs no type stripper, not even for main", async () => {
  assert.match(await secondStart(LAUNCHER), /retrieving transpile cache.*main\.ts\.\.\.success/);
});

test("started without the launcher, main itself is in no cache", async () => {
  assert.doesNotMatch(await secondStart(MAIN), /retrieving transpile cache/);
});
