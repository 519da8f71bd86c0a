import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import { ownCommand } from "./fixtures/hidden-main.ts";
import { until } from "./fixtures/rehearsal.ts";
import { ScratchEdge } from "./scratch-edge.ts";

const signal = AbortSignal.timeout(120_000);
const options = { ownCommand, clock: systemClock, signal };

/** Processes whose arguments name this folder. */
async function processesOf(folder: string): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const argv = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return argv.filter((text) => text.includes(folder));
}

test("serves HTTPS, takes new files, and leaves nothing behind", async () => {
  const edge = await ScratchEdge.start(options);
  const { folder } = edge;
  try {
    assert.match(edge.url, /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await edge.shakeHands()).accepted, true);
    const untilMs = await edge.renew(3_000);
    await until("the new files to be served", async () =>
      (await edge.servedUntil()) === untilMs ? true : undefined,
    );
    const refused = await until("the certificate to expire", async () => {
      const hand = await edge.shakeHands();
      return hand.accepted ? undefined : hand;
    });
    assert.equal(refused.code, "CERT_HAS_EXPIRED");
    assert.ok(refused.toWallMs >= untilMs, "not before its second");
  } finally {
    await edge[Symbol.asyncDispose]();
  }
  assert.deepEqual(await processesOf(folder), []);
  await assert.rejects(stat(folder), { code: "ENOENT" });
});

test("ends by itself when whoever wanted it is gone", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sw-edge-"));
  const [program, ...argv] = ownCommand("_scratch-edge", folder);
  const keeper = spawn(program, argv, { stdio: ["pipe", "pipe", "ignore"] });
  await once(keeper.stdout, "data");
  assert.ok((await processesOf(folder)).length >= 2, "the keeper and its gateway");
  // What the kernel does to the pipe of a process that is killed.
  keeper.stdin.destroy();
  const [code] = await once(keeper, "exit");
  assert.equal(code, 0);
  assert.deepEqual(await processesOf(folder), []);
  await assert.rejects(stat(folder), { code: "ENOENT" });
});

test("an edge that cannot start is told, and nothing of it stays", async () => {
  const own = () => [process.execPath, "--eval", "process.exit(3)"] as const;
  const before = (await readdir(tmpdir())).filter((name) => name.startsWith("sw-edge-"));
  await assert.rejects(ScratchEdge.start({ ...options, ownCommand: own }), /ended while it start/);
  const after = (await readdir(tmpdir())).filter((name) => name.startsWith("sw-edge-"));
  assert.deepEqual(
    after.filter((name) => !before.includes(name)),
    [],
  );
});
