import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { chmod, mkdir, readdir, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { describeRelease, putRelease } from "./release.ts";
import { aJob, contextOf, folder, put, refusal, run, write } from "./snapshot-fixture.ts";
import { takeSnapshot } from "./snapshot.ts";

const isRoot = process.getuid?.() === 0;

function manifest(name: string, dependencies: Readonly<Record<string, string>> = {}): string {
  return JSON.stringify({ name, main: "index.js", dependencies });
}

test("follows pnpm's links into its store", async (t) => {
  const context = contextOf(await folder(t));
  const source = context.systemFolder;
  const store = "node_modules/.pnpm";
  await write(source, {
    "package.json": manifest("app", { a: "1" }),
    "main.js": `console.log(require("a"))`,
    [`${store}/a@1/node_modules/a/package.json`]: manifest("a", { b: "2" }),
    [`${store}/a@1/node_modules/a/index.js`]: `module.exports = "a" + require("b")`,
    [`${store}/b@2/node_modules/b/package.json`]: manifest("b"),
    [`${store}/b@2/node_modules/b/index.js`]: `module.exports = "b2"`,
    [`${store}/b@1/node_modules/b/index.js`]: `throw new Error("not of the closure")`,
  });
  await symlink(".pnpm/a@1/node_modules/a", join(source, "node_modules/a"));
  await symlink("../../b@2/node_modules/b", join(source, `${store}/a@1/node_modules/b`));
  const loaded = await put(aJob(".", ["node", "main.js"]), context);
  assert.equal(run(loaded), "ab2\n");
  const kept = await readdir(join(loaded.appFolder, store));
  assert.deepEqual(kept.toSorted(), ["a@1", "b@2"]);
});

test("two versions of a package each go to the one that needs them", async (t) => {
  const context = contextOf(await folder(t));
  await write(context.systemFolder, {
    "package.json": manifest("app", { a: "1", b: "1" }),
    "main.js": `console.log(require("a"), require("b"))`,
    "node_modules/a/package.json": manifest("a", { b: "2" }),
    "node_modules/a/index.js": `module.exports = require("b")`,
    "node_modules/a/node_modules/b/package.json": manifest("b"),
    "node_modules/a/node_modules/b/index.js": `module.exports = "b2"`,
    "node_modules/b/package.json": manifest("b"),
    "node_modules/b/index.js": `module.exports = "b1"`,
  });
  assert.equal(run(await put(aJob(".", ["node", "main.js"]), context)), "b2 b1\n");
});

test("packages that need each other are taken once", async (t) => {
  const context = contextOf(await folder(t));
  await write(context.systemFolder, {
    "package.json": manifest("app", { a: "1" }),
    "main.js": `console.log(require("a").name)`,
    "node_modules/a/package.json": manifest("a", { b: "1" }),
    "node_modules/a/index.js": `exports.name = "a"; require("b")`,
    "node_modules/b/package.json": manifest("b", { a: "1" }),
    "node_modules/b/index.js": `exports.of = require("a").name`,
  });
  assert.equal(run(await put(aJob(".", ["node", "main.js"]), context)), "a\n");
});

test("takes an installed peer, and leaves an optional one", async (t) => {
  const context = contextOf(await folder(t));
  const peers = { peerDependencies: { host: "1", tool: "1", absent: "1" } };
  const meta = { peerDependenciesMeta: { tool: { optional: true } } };
  await write(context.systemFolder, {
    "package.json": manifest("app", { plugin: "1" }),
    "main.js": `console.log(require("plugin"))`,
    "node_modules/plugin/package.json": JSON.stringify({ main: "index.js", ...peers, ...meta }),
    "node_modules/plugin/index.js": `module.exports = require("host")`,
    "node_modules/host/package.json": manifest("host"),
    "node_modules/host/index.js": `module.exports = "host"`,
    "node_modules/tool/package.json": manifest("tool"),
  });
  const loaded = await put(aJob(".", ["node", "main.js"]), context);
  assert.equal(run(loaded), "host\n");
  const kept = await readdir(join(loaded.appFolder, "node_modules"));
  assert.deepEqual(kept.toSorted(), ["host", "plugin"]);
});

test("a package.json that cannot be read, or names a path, is said", async (t) => {
  const context = contextOf(await folder(t));
  const unit = aJob(".", ["node", "main.js"]);
  await write(context.systemFolder, { "package.json": "{,}" });
  await assert.rejects(describeRelease(unit, context), refusal("failed", /package\.json/));
  await write(context.systemFolder, { "package.json": manifest("a", { "../../../etc": "1" }) });
  await assert.rejects(describeRelease(unit, context), refusal("failed", /names a package "\.\./));
});

test("leaves out sockets and our own state", async (t) => {
  const base = await folder(t);
  const context = contextOf(base, { releasesFolder: join(base, "source/.state/s/releases") });
  await write(context.systemFolder, { "main.js": "1", ".state/s/logs/api-1.stdout.log": "x" });
  await using server = createServer().listen(join(context.systemFolder, "a.sock"));
  await new Promise((resolve) => server.once("listening", resolve));
  const unit = aJob(".", ["node", "main.js"]);
  const { release } = await put(unit, context);
  assert.equal(release.fileCount, 1);
  await writeFile(join(context.systemFolder, ".state/s/logs/api-1.stdout.log"), "more");
  assert.equal((await describeRelease(unit, context)).id, release.id);
});

test("refuses a folder that is far too large, before reading it", async (t) => {
  const context = contextOf(await folder(t));
  const unit = aJob(".", ["node", "main.js"]);
  await write(context.systemFolder, { "main.js": "1", "disk.img": "" });
  // Sparse: two GiB that no disk has to hold.
  await truncate(join(context.systemFolder, "disk.img"), 2 * 1_073_741_824);
  await assert.rejects(describeRelease(unit, context), refusal("failed", /more than 1GiB/));

  await truncate(join(context.systemFolder, "disk.img"), 0);
  const { systemFolder, signal } = context;
  const options = { systemFolder, build: ".", runsNode: true, exclude: "", signal };
  const few = takeSnapshot({ ...options, limits: { files: 1, bytes: 100 } });
  await assert.rejects(few, refusal("failed", /more than 1 files/, /holds only what runs/));
  const fitting = await takeSnapshot({ ...options, limits: { files: 2, bytes: 1 } });
  assert.equal(fitting.entries.length, 2);
});

test("a full disk leaves no half release", { skip: !isRoot }, async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(context.systemFolder, { "main.js": "1", "large.bin": "x".repeat(2_000_000) });
  await mkdir(context.releasesFolder);
  const mount = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", context.releasesFolder];
  if (spawnSync("mount", mount).status !== 0) return t.skip("no mount here");
  try {
    const unit = aJob(".", ["node", "main.js"]);
    const release = await describeRelease(unit, context);
    await assert.rejects(putRelease(release, unit, context), refusal("no-space", /full/));
    assert.deepEqual(await readdir(context.releasesFolder), []);
  } finally {
    spawnSync("umount", [context.releasesFolder]);
  }
});

test("a file that may not be read is named", { skip: !isRoot }, async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(context.systemFolder, { "main.js": "1", "private.pem": "key" });
  await chmod(base, 0o755);
  await chmod(join(context.systemFolder, "private.pem"), 0o600);
  const modules = dirname(import.meta.resolve("./release.ts"));
  const { systemFolder, releasesFolder, node } = context;
  const script =
    `const { describeRelease } = await import("${modules}/release.ts");` +
    `const given = JSON.parse(process.argv[1]);` +
    `const signal = AbortSignal.timeout(20000); const clock = { wall: () => 0 };` +
    `describeRelease(given.unit, { ...given.context, signal, clock })` +
    `.catch((error) => console.log(error.code, error.message));`;
  const given = {
    unit: aJob(".", ["node", "main.js"]),
    context: { systemFolder, releasesFolder, node, searchPath: "" },
  };
  const who = ["--reuid=65534", "--regid=65534", "--clear-groups"];
  const argv = [...who, process.execPath, "--input-type=module", "-e", script];
  const child = spawn("setpriv", [...argv, JSON.stringify(given)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const chunk of child.stdout) text += String(chunk);
  assert.match(text, /^no-permission could not read .*private\.pem: not allowed/);
});
