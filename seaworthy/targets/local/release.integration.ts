import assert from "node:assert/strict";
import { lstat, readdir, realpath, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { describeRelease, gcReleases, loadRelease, putRelease } from "./release.ts";
import {
  aJob,
  aWorkspace,
  contextOf,
  folder,
  put,
  refusal,
  run,
  write,
} from "./snapshot-fixture.ts";

/** Each round one of several wins a race by milliseconds; a fault there showed in most rounds. */
const DAMAGED_ROUNDS = 10;

test("a release runs its old code after its source and a workspace package changed", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await aWorkspace(context.systemFolder);
  const unit = aJob("./apps/api", ["node", "main.ts"]);
  const old = await put(unit, context);
  assert.equal(run(old), "old greet of old main!, nested unused\n");

  const main = join(context.systemFolder, "apps/api/main.ts");
  const greet = join(context.systemFolder, "packages/greet/greet.ts");
  await writeFile(main, `console.log("new main");`);
  await writeFile(greet, `export function greet(): string { return "new"; }`);
  assert.equal(run(old), "old greet of old main!, nested unused\n");

  const now = await put(unit, context);
  assert.notEqual(now.release.id, old.release.id);
  assert.equal(run(now), "new main\n");
  assert.equal(run(await loadRelease(context.releasesFolder, old.release.id)), run(old));
  await rm(context.systemFolder, { recursive: true });
  assert.equal(run(old), "old greet of old main!, nested unused\n");
});

test("a release holds the production closure and nothing else", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await aWorkspace(context.systemFolder);
  const { appFolder } = await put(aJob("./apps/api", ["node", "main.ts"]), context);
  const tree = dirname(dirname(appFolder));
  const files = (await readdir(tree, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(tree.length + 1));
  assert.deepEqual(files.toSorted(), [
    "apps/api/main.ts",
    "apps/api/package.json",
    "node_modules/@ws/greet",
    "node_modules/afar/i.js",
    "node_modules/afar/node_modules/nested/n.js",
    "node_modules/afar/node_modules/nested/package.json",
    "node_modules/afar/package.json",
    "node_modules/deeper/d.js",
    "node_modules/deeper/package.json",
    "packages/greet/greet.ts",
    "packages/greet/package.json",
  ]);
  const greet = await realpath(join(tree, "node_modules/@ws/greet"));
  assert.equal(greet, join(tree, "packages/greet"));
  for (const name of files) {
    const stats = await lstat(join(tree, name));
    if (stats.isSymbolicLink()) continue;
    assert.equal(stats.mode & 0o222, 0, `${name} can be written`);
    assert.equal(stats.nlink, 1, `${name} is a hard link`);
  }
});

test("a file that changes between describe and put is seen", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(context.systemFolder, { "main.js": "console.log(1)" });
  const unit = aJob(".", ["node", "main.js"]);
  const release = await describeRelease(unit, context);
  await writeFile(join(context.systemFolder, "main.js"), "console.log(2)");
  const putting = putRelease(release, unit, context);
  await assert.rejects(putting, refusal("release-changed", /run the command again/));
  assert.deepEqual(await readdir(context.releasesFolder), [], "nothing is left behind");
});

test("putting twice, and at once, is putting once", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  // Many, so that what is counted side by side is counted right.
  const many = Array.from({ length: 100 }, (_, index) => [`lib/${index}.js`, "x".repeat(index)]);
  const files = { "main.js": "console.log(1)", ...Object.fromEntries(many) };
  await write(context.systemFolder, files);
  const unit = aJob(".", ["node", "main.js"]);
  const release = await describeRelease(unit, context);
  await Promise.all([1, 2, 3].map(() => putRelease(release, unit, context)));
  const before = await stat(join(context.releasesFolder, release.id, "tree/main.js"));
  // With the source gone, only a put that has nothing to do can work.
  await rm(context.systemFolder, { recursive: true });
  await putRelease(release, unit, context);
  const after = await stat(join(context.releasesFolder, release.id, "tree/main.js"));
  assert.equal(after.ino, before.ino);
  assert.deepEqual(await readdir(context.releasesFolder), [release.id]);
});

test("a release that one of many has put is taken away by none of the others", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(context.systemFolder, { "main.js": "console.log(1)" });
  const unit = aJob(".", ["node", "main.js"]);
  const release = await describeRelease(unit, context);
  const final = join(context.releasesFolder, release.id);
  // Each round meets at another moment: one of them alone would seldom show it.
  for (let round = 0; round < 20; round += 1) {
    const putters = Array.from({ length: 8 }, async () => {
      await putRelease(release, unit, context);
      return (await stat(join(final, "tree/main.js"))).ino;
    });
    assert.equal(new Set(await Promise.all(putters)).size, 1, "it is the same for all of them");
    await rm(final, { recursive: true });
  }
});

test("a release that a power cut emptied is made again", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(context.systemFolder, { "main.js": "console.log(1)" });
  const unit = aJob(".", ["node", "main.js"]);
  const loaded = await put(unit, context);
  await rm(join(loaded.appFolder, "main.js"));
  await writeFile(join(loaded.appFolder, "main.js"), "");
  await putRelease(loaded.release, unit, context);
  assert.equal(run(loaded), "1\n");
});

test("what several find damaged at once is made again once, and then left alone", async (t) => {
  const context = contextOf(await folder(t));
  await write(context.systemFolder, { "package.json": "{}", "main.js": "console.log(1)" });
  const unit = aJob(".", ["node", "main.js"]);
  const { release } = await put(unit, context);
  const final = join(context.releasesFolder, release.id);
  for (let round = 0; round < DAMAGED_ROUNDS; round += 1) {
    await writeFile(join(final, "tree/main.js"), "");
    const puts = Array.from({ length: 4 }, () => putRelease(release, unit, context));
    await Promise.race(puts);
    const { ino } = await stat(final);
    await Promise.all(puts);
    assert.equal((await stat(final)).ino, ino, `round ${round}: a whole one was replaced`);
    assert.equal(run(await loadRelease(context.releasesFolder, release.id)), "1\n");
  }
});

test("runs a Python folder, and its cache makes no new release", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(context.systemFolder, {
    "sim/main.py": "import other\nprint(other.NAME)\n",
    "sim/other.py": "NAME = 'old'\n",
    "sim/__pycache__/other.cpython-313.pyc": "stale",
  });
  const unit = aJob("sim", ["python3", "main.py"]);
  const loaded = await put(unit, context);
  await writeFile(join(context.systemFolder, "sim/other.py"), "NAME = 'new'\n");
  assert.equal(run(loaded), "old\n");
  await writeFile(join(context.systemFolder, "sim/other.py"), "NAME = 'old'\n");
  assert.equal((await describeRelease(unit, context)).id, loaded.release.id);
  await putRelease(loaded.release, unit, context);
  assert.match(loaded.release.program.identity, /python3.* sha256:[0-9a-f]{64}$/);
});

test("runs CommonJS with and without a package.json of its own", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(context.systemFolder, {
    "with/package.json": "{}",
    "with/main.js": `console.log(require("./lib/a"), typeof module)`,
    "with/lib/a.js": `module.exports = "a"`,
    "without/main.js": `console.log(require("./b"), typeof module)`,
    "without/b.js": `module.exports = "b"`,
  });
  assert.equal(run(await put(aJob("./with", ["node", "main.js"]), context)), "a object\n");
  assert.equal(run(await put(aJob("./without", ["node", "main.js"]), context)), "b object\n");
});

test("a folder below the declaration's package has its type and its dependencies", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  const manifest = { type: "module", dependencies: { x: "1" } };
  await write(context.systemFolder, {
    "package.json": JSON.stringify(manifest),
    "app/main.js": `import x from "x"; console.log(x, import.meta.dirname.endsWith("/app"))`,
    "node_modules/x/package.json": "{}",
    "node_modules/x/index.js": `module.exports = "x"`,
    "unrelated.js": "",
  });
  const loaded = await put(aJob("./app", ["node", "main.js"]), context);
  assert.equal(run(loaded), "x true\n");
  assert.equal(loaded.release.fileCount, 4);
});

test("follows Node when it has moved", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(context.systemFolder, { "main.js": "console.log(1)" });
  const unit = aJob(".", ["node", "main.js"]);
  const { release } = await put(unit, context);
  const moved = { ...context, node: { ...context.node, path: "/opt/node/bin/node" } };
  await putRelease(release, unit, moved);
  const loaded = await loadRelease(context.releasesFolder, release.id);
  assert.equal(loaded.program, "/opt/node/bin/node");
  assert.equal(loaded.release.id, release.id);
});

test("keeps what is to be kept and removes the rest", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(context.systemFolder, { "main.js": "1" });
  const unit = aJob(".", ["node", "main.js"]);
  const kept = await put(unit, context);
  await writeFile(join(context.systemFolder, "main.js"), "2");
  const gone = await put(unit, context);
  await write(context.releasesFolder, { ".tmp-r0-dead/tree/x": "", "notes.txt": "mine" });
  const keep = new Set([kept.release.id]);
  assert.deepEqual(await gcReleases(context.releasesFolder, keep), [gone.release.id]);
  const left = await readdir(context.releasesFolder);
  assert.deepEqual(left.toSorted(), ["notes.txt", kept.release.id].toSorted());
});

test("leaves nothing when it is interrupted", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(context.systemFolder, { "main.js": "1" });
  const unit = aJob(".", ["node", "main.js"]);
  const release = await describeRelease(unit, context);
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(putRelease(release, unit, { ...context, signal }), /enough/);
  assert.deepEqual(await readdir(context.releasesFolder), []);
});
