import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { aSystem } from "./declarations.ts";
import { type Ended, rehearse, type Rehearsal } from "./rehearsal.ts";
import { isExactly } from "./seen.ts";
import { until } from "./until.ts";

/** Machines that do not help: full, closed, not set up; and services and people in a hurry. */
const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CLI = join(ROOT, "seaworthy/cli/main.ts");
const isRoot = process.getuid?.() === 0;
const MEBIBYTE = 1_048_576;

test(
  "a full disk is said, leaves nothing, and is no obstacle once freed",
  needsRoot(),
  async () => {
    await using rehearsal = await rehearse({ "system.ts": aSystem() });
    await using _disk = await smallDisk(rehearsal.state);
    const filler = join(rehearsal.state, "filler");
    await writeFile(filler, Buffer.alloc(MEBIBYTE)).catch(() => undefined);
    const up = await rehearsal.run(["up"]);
    assert.equal(up.code, 1, up.stderr);
    assert.match(up.stderr, /disk is full/);
    assert.match(up.stderr, /fix +free space/);
    await until("everything has ended", async () => (await rehearsal.survivors()).length === 0);
    await rm(filler);
    const again = await rehearsal.run(["up"]);
    assert.equal(again.code, 0, again.stderr);
    assert.equal((await rehearsal.run(["down", "--yes"])).code, 0);
  },
);

test("a release that does not fit is refused; what runs runs on", needsRoot(), async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  await using _disk = await smallDisk(rehearsal.state);
  assert.equal((await rehearsal.run(["up"])).code, 0);
  await writeFile(join(rehearsal.folder, "apps/web/large.bin"), Buffer.alloc(2 * MEBIBYTE));
  const deploy = await rehearsal.run(["deploy"]);
  assert.equal(deploy.code, 1, deploy.stderr);
  assert.match(deploy.stderr, /disk is full/);
  assert.match(deploy.stderr, /still serves all traffic: 2 of 2 ready/);
  await rm(join(rehearsal.folder, "apps/web/large.bin"));
  const plan = await rehearsal.run(["plan", "--exit-code"]);
  assert.equal(plan.code, 0, plan.stdout + plan.stderr);
  assert.equal((await rehearsal.run(["down", "--yes"])).code, 0);
});

test("a state folder it may not write is said, with what mends it", needsRoot(), async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  await openTo(rehearsal.folder);
  const up = await asNobody(rehearsal, ["up"]);
  assert.equal(up.code, 1, up.stderr);
  assert.match(up.stderr, /not allowed to/);
  assert.match(up.stderr, /fix +.*XDG_STATE_HOME/);
});

/** Lets everybody pass through to this folder; the test's own folders are private otherwise. */
async function openTo(folder: string): Promise<void> {
  const everybody = 0o001;
  for (let path = folder; path !== dirname(path); path = dirname(path)) {
    const { mode } = await stat(path);
    if ((mode & everybody) === 0) await chmod(path, 0o755);
  }
}

test("a clone without install says so in one line", async () => {
  const clone = await mkdtemp(join(tmpdir(), "seaworthy-clone-"));
  try {
    await mkdir(join(clone, "seaworthy"));
    await cp(join(ROOT, "bin"), join(clone, "bin"), { recursive: true });
    await symlink(join(clone, "bin/seaworthy"), join(clone, "linked"));
    for (const path of ["bin/seaworthy", "linked"]) {
      const ended = await outcome(join(clone, path), ["up"]);
      assert.equal(ended.code, 1, ended.stderr);
      assert.equal(ended.stdout, "");
      assert.match(ended.stderr, /^seaworthy: .*npm install.*\n$/);
    }
  } finally {
    await rm(clone, { recursive: true, force: true });
  }
});

test("a service that floods its log works, on a bounded disk, and is read quickly", async () => {
  const checks = `health: "/", ready: "/",`;
  const text = aSystem({ build: "./apps/noisy", replicas: 1, more: checks });
  await using rehearsal = await rehearse({ "system.ts": text });
  const up = await rehearsal.run(["up"]);
  assert.equal(up.code, 0, up.stderr);
  // Past its limit, which is 8 MiB a stream of an instance and half as much again for what is kept.
  await until("much was written", async () => (await sizeOf(rehearsal.state)) > 4 * MEBIBYTE);
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const before = Date.now();
  const logs = await rehearsal.run(["logs", "web", "-n", "5"]);
  assert.equal(logs.code, 0, logs.stderr);
  assert.equal(logs.stdout.trimEnd().split("\n").length, 5);
  assert.ok(Date.now() - before < 5_000, `took ${Date.now() - before} ms`);
  const bytes = await sizeOf(rehearsal.state);
  assert.ok(bytes < 200 * MEBIBYTE, `${bytes} bytes`);
  assert.equal((await rehearsal.run(["down", "--yes"])).code, 0);
});

test("Ctrl-C twice amid a roll ends at once; the next up finishes", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  await rehearsal.write("system.ts", aSystem({ env: `{ VERSION: "v2", BOOT_MS: "4000" }` }));
  const deploy = rehearsal.start(["deploy"]);
  await until("an instance starts", () => /start ✓/.test(deploy.printed()));
  deploy.child.kill("SIGINT");
  await until("it was heard", () => /safe point/.test(deploy.printed()));
  const before = Date.now();
  deploy.child.kill("SIGINT");
  const ended = await deploy.ended;
  assert.equal(ended.code, 130, ended.stderr);
  assert.ok(Date.now() - before < 3_000, `took ${Date.now() - before} ms`);
  assert.match(ended.stderr, /next run finishes or reverses/);
  const up = await rehearsal.run(["up"]);
  assert.equal(up.code, 0, up.stderr);
  await isExactly(rehearsal, 2);
});

function needsRoot(): { readonly skip: boolean } {
  return { skip: !isRoot };
}

/** A disk of 1 MiB at this folder. */
async function smallDisk(folder: string): Promise<AsyncDisposable> {
  await run("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "none", folder]);
  return { [Symbol.asyncDispose]: async () => void (await run("umount", [folder])) };
}

async function asNobody(rehearsal: Rehearsal, args: readonly string[]): Promise<Ended> {
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
  const env = { ...process.env, XDG_STATE_HOME: rehearsal.state, NO_COLOR: "1" };
  const command = [...nobody, process.execPath, CLI, ...args];
  return await outcome("setpriv", command, { cwd: rehearsal.folder, env });
}

async function outcome(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return await new Promise((resolve) => {
    execFile(program, [...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    bytes += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return bytes;
}
