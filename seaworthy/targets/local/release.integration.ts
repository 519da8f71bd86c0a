import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFile,
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import type { JobUnit, ServiceUnit } from "../../plan/graph.ts";
import type { EnvironmentValue } from "../../system/system.ts";
import { TargetError } from "../target.ts";
import {
  describeRelease,
  gcReleases,
  loadRelease,
  putRelease,
  type LoadedRelease,
  type ReleaseContext,
} from "./release.ts";

type Files = Readonly<Record<string, string>>;

async function folder(context: TestContext): Promise<string> {
  const path = await realpath(await mkdtemp("/tmp/sw-release-"));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function write(base: string, files: Files): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(base, name)), { recursive: true });
    await writeFile(join(base, name), text);
  }
}

function contextOf(base: string, more: Partial<ReleaseContext> = {}): ReleaseContext {
  return {
    systemFolder: join(base, "source"),
    releasesFolder: join(base, "releases"),
    node: { path: process.execPath, version: process.versions.node },
    searchPath: "/usr/local/bin:/usr/bin:/bin",
    secretVersion: () => 1,
    clock: systemClock,
    signal: AbortSignal.timeout(60_000),
    ...more,
  };
}

/** A job, because it has the fewest fields; what it runs prints something and ends. */
function aJob(build: string, command: readonly [string, ...string[]], env = {}): JobUnit {
  const run = { kind: "folder", build, command } as const;
  const deadlineMs = 10_000;
  return {
    name: "print",
    kind: "job",
    run,
    env,
    needs: [],
    when: "before-rollout",
    idempotent: true,
    deadlineMs,
  };
}

function run(loaded: LoadedRelease): string {
  const ended = spawnSync(loaded.program, loaded.argv.slice(1), {
    cwd: loaded.appFolder,
    encoding: "utf8",
    env: {},
    timeout: 30_000,
  });
  return ended.stdout === "" ? ended.stderr : ended.stdout;
}

async function put(unit: JobUnit, context: ReleaseContext): Promise<LoadedRelease> {
  const release = await describeRelease(unit, context);
  await putRelease(release, unit, context);
  return await loadRelease(context.releasesFolder, release.id);
}

function refusal(code: string, ...patterns: readonly RegExp[]) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof TargetError, String(error));
    assert.equal(error.code, code, error.message);
    const text = [error.message, ...error.detail, error.fix ?? ""].join("\n");
    for (const pattern of patterns) assert.match(text, pattern);
    return true;
  };
}

/** What `npm install` makes of a workspace with one app, one package in TypeScript, one from afar. */
async function aWorkspace(base: string): Promise<void> {
  const greet = { name: "@ws/greet", type: "module", exports: "./greet.ts" };
  await write(base, {
    "package.json": JSON.stringify({ private: true, workspaces: ["apps/*", "packages/*"] }),
    "system.ts": "",
    "apps/api/package.json": JSON.stringify({
      name: "@ws/api",
      type: "module",
      dependencies: { "@ws/greet": "*", afar: "^1.0.0" },
      optionalDependencies: { "not-for-this-platform": "1.0.0" },
      devDependencies: { tool: "1.0.0" },
    }),
    "apps/api/main.ts": `import { greet } from "@ws/greet"; import afar from "afar";
const name: string = "old main"; console.log(greet(name) + ", " + afar());`,
    "packages/greet/package.json": JSON.stringify({ ...greet, dependencies: { deeper: "1.0.0" } }),
    "packages/greet/greet.ts": `import deeper from "deeper";
export function greet(name: string): string { return "old greet of " + name + deeper; }`,
    "node_modules/afar/package.json": JSON.stringify({ name: "afar", main: "i.js" }),
    "node_modules/afar/i.js": `module.exports = () => require("nested");`,
    "node_modules/afar/node_modules/nested/package.json": `{"name":"nested","main":"n.js"}`,
    "node_modules/afar/node_modules/nested/n.js": `module.exports = "nested unused";`,
    "node_modules/deeper/package.json": `{"name":"deeper","main":"d.js"}`,
    "node_modules/deeper/d.js": `module.exports = "!";`,
    "node_modules/tool/package.json": `{"name":"tool"}`,
    "apps/api/.git/HEAD": "ref",
  });
  // "nested" is what afar needs and does not say: bundled code; say it, as a correct package does.
  await writeFile(
    join(base, "node_modules/afar/package.json"),
    JSON.stringify({ name: "afar", main: "i.js", dependencies: { nested: "1.0.0" } }),
  );
  await mkdir(join(base, "node_modules/@ws"));
  await symlink("../../packages/greet", join(base, "node_modules/@ws/greet"));
  await symlink("../../apps/api", join(base, "node_modules/@ws/api"));
}

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

test("the same content has the same id wherever the checkout lies", async (t) => {
  const [here, there] = [await folder(t), await folder(t)];
  await aWorkspace(join(here, "source"));
  await cp(join(here, "source"), join(there, "source"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  await chmod(join(there, "source/apps/api/main.ts"), 0o600);
  const unit = aJob("./apps/api", ["node", "main.ts"]);
  const first = await describeRelease(unit, contextOf(here));
  assert.equal((await describeRelease(unit, contextOf(there))).id, first.id);
  assert.match(first.id, /^r[0-9a-f]{12}$/);
  assert.deepEqual(await readdir(here), ["source"], "describing writes nothing");
});

test("whatever a release is made of changes its id", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(context.systemFolder, { "app/main.sh": "#!/bin/sh\necho $A\n", "app/b": "" });
  const main = join(context.systemFolder, "app/main.sh");
  await chmod(main, 0o755);
  const text = (of: string): EnvironmentValue => ({ kind: "text", text: of });
  const secret: EnvironmentValue = { kind: "secret", secret: "KEY" };
  const parts: EnvironmentValue = { kind: "parts", parts: [text("x"), secret] };
  const unit = aJob("./app", ["./main.sh"], { A: text("1") });
  const later = { ...context, secretVersion: () => 2 };
  const service: ServiceUnit = {
    ...unit,
    kind: "service",
    replicas: 1,
    port: 80,
    files: { "/etc/a": "1" },
    volumes: {},
    health: { path: "/", everyMs: 1, timeoutMs: 1, rise: 1, fall: 1 },
    ready: { path: "/", everyMs: 1, timeoutMs: 1, rise: 1, fall: 1 },
    drainMs: 1,
    stopMs: 1,
    bootMs: 1,
    probe: { method: "GET", path: "/" },
    rollout: {
      strategy: "rolling",
      surge: 1,
      bakeMs: 1,
      bakeRequestsMin: 1,
      abort: { errorRatio: 1, p95Factor: 1 },
    },
    restart: { backoffFirstMs: 1, backoffMaxMs: 1 },
  };
  const newNode = { ...context, node: { path: process.execPath, version: "99.0.0" } };
  const id = async (of: JobUnit | ServiceUnit, by = context): Promise<string> =>
    (await describeRelease(of, by)).id;
  const ids = [
    await id(unit),
    await id(aJob("./app", ["./main.sh", "-v"], unit.env)),
    await id({ ...unit, env: { A: text("2") } }),
    await id({ ...unit, env: { A: { kind: "url", service: "1" } } }),
    await id({ ...unit, env: { A: secret } }),
    await id({ ...unit, env: { A: secret } }, later),
    await id({ ...unit, env: { A: parts } }),
    await id({ ...unit, env: { A: parts } }, later),
    await id({ ...unit, name: "other" }),
    await id(service),
    await id({ ...service, files: { "/etc/a": "2" } }),
    await id(aJob("./app", ["sh", "main.sh"])),
    await id(aJob("./app", ["node", "b"])),
    await id(aJob("./app", ["node", "b"]), newNode),
  ];
  const release = await describeRelease({ ...unit, env: { A: parts } }, later);
  assert.deepEqual(release.secretVersions, { KEY: 2 });
  await chmod(main, 0o644);
  ids.push(await id(aJob("./app", ["sh", "main.sh"])));
  await appendFile(main, "#");
  ids.push(await id(aJob("./app", ["sh", "main.sh"])));
  assert.equal(new Set(ids).size, ids.length);
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
  await write(context.systemFolder, { "main.js": "console.log(1)" });
  const unit = aJob(".", ["node", "main.js"]);
  const release = await describeRelease(unit, context);
  await Promise.all([1, 2, 3].map(() => putRelease(release, unit, context)));
  const before = await stat(join(context.releasesFolder, release.id, "tree/main.js"));
  await rm(context.systemFolder, { recursive: true });
  await putRelease(release, unit, context);
  const after = await stat(join(context.releasesFolder, release.id, "tree/main.js"));
  assert.equal(after.ino, before.ino);
  assert.deepEqual(await readdir(context.releasesFolder), [release.id]);
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

test("an app that was not installed is told so", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(context.systemFolder, { "package.json": `{"dependencies":{"undici":"8"}}` });
  const describing = describeRelease(aJob(".", ["node", "main.js"]), context);
  await assert.rejects(describing, refusal("failed", /undici is not installed/, /npm install/));
});

test("refuses what leads out of the app, and says which path", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(base, { "source/app/main.js": "", "elsewhere/secret": "s", "source/lib/a": "" });
  const unit = aJob("./app", ["node", "main.js"]);
  const app = join(context.systemFolder, "app");
  await symlink("main.js", join(app, "inner"));
  await symlink("/nowhere/at/all", join(app, "out"));
  await assert.rejects(describeRelease(unit, context), refusal("failed", /app\/out leads out/));
  await rm(join(app, "out"));
  await symlink("../../elsewhere", join(app, "out"));
  await assert.rejects(describeRelease(unit, context), refusal("failed", /app\/out leads out/));
  await rm(join(app, "out"));
  const loaded = await put(unit, context);
  assert.equal(await realpath(join(loaded.appFolder, "inner")), join(loaded.appFolder, "main.js"));

  const outside = describeRelease(aJob("../elsewhere", ["node", "a"]), context);
  await assert.rejects(outside, refusal("failed", /leads out of/));
  await symlink("../elsewhere", join(context.systemFolder, "linked"));
  const linked = describeRelease(aJob("./linked", ["node", "a"]), context);
  await assert.rejects(linked, refusal("failed", /leads out of/));
  const gone = describeRelease(aJob("./gone", ["node", "a"]), context);
  await assert.rejects(gone, refusal("failed", /there is no folder \.\/gone/));
});

test("a build outside the system's folder is allowed inside its workspace", async (t) => {
  const base = await folder(t);
  const context = contextOf(base, { systemFolder: join(base, "ws/systems/a") });
  await write(base, {
    "ws/package.json": `{"workspaces":["apps/*"]}`,
    "ws/systems/a/system.ts": "",
    "ws/apps/b/main.js": "console.log('b')",
    "ws2/main.js": "",
  });
  const loaded = await put(aJob("../../apps/b", ["node", "main.js"]), context);
  assert.equal(run(loaded), "b\n");
  const outside = describeRelease(aJob("../../../ws2", ["node", "main.js"]), context);
  await assert.rejects(outside, refusal("failed", /leads out of .*\/ws$/m));
});

test("refuses a program that is not there, an image, and a damaged manifest", async (t) => {
  const base = await folder(t);
  const context = contextOf(base);
  await write(context.systemFolder, { "main.js": "", "plain.sh": "" });
  const describe = (...command: readonly [string, ...string[]]) =>
    describeRelease(aJob(".", command), context);
  await assert.rejects(describe("no-such-program"), refusal("failed", /no program no-such-/));
  await assert.rejects(describe("./plain.sh"), refusal("failed", /chmod \+x/));
  await assert.rejects(describe("../other"), refusal("failed", /not among the files/));
  await assert.rejects(describe("/nowhere/x"), refusal("failed", /may be executed/));
  const image = { kind: "image", image: "a:1", command: [] } as const;
  const unit = { ...aJob(".", ["node"]), run: image };
  await assert.rejects(describeRelease(unit, context), refusal("unsupported", /image/, /docker/));

  const id = "r0123456789ab";
  const loading = () => loadRelease(context.releasesFolder, id);
  await assert.rejects(loading(), refusal("no-such-release", /not on this machine/));
  await write(context.releasesFolder, { [`${id}/release.json`]: `{"v":1}\n` });
  await assert.rejects(loading(), refusal("damaged", /cannot be read/));
  await write(context.releasesFolder, { [`${id}/release.json`]: `{"v":2,"kind":"x"}\n` });
  await assert.rejects(loading(), refusal("damaged", /newer seaworthy/));
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
