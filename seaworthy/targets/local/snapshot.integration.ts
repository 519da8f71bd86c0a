import assert from "node:assert/strict";
import { appendFile, chmod, cp, readdir, realpath, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { JobUnit, ServiceUnit } from "../../plan/graph.ts";
import type { EnvironmentValue } from "../../system/system.ts";
import { describeRelease, loadRelease } from "./release.ts";
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
      canary: [],
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
