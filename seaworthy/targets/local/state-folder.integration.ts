import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { TargetError } from "../target.ts";
import {
  findStateFolder,
  openStateFolder,
  stateHome,
  type StateFolderOptions,
} from "./state-folder.ts";

const DOOR = import.meta.resolve("./state-folder.ts");

/** `nobody` on Debian; any user without rights here will do. */
const UNPRIVILEGED = "65534";
const isRoot = process.getuid?.() === 0;

async function place(context: TestContext, more: Partial<StateFolderOptions> = {}) {
  const base = await realpath(await mkdtemp("/tmp/sw-state-"));
  context.after(() => rm(base, { recursive: true, force: true }));
  const systemPath = join(base, "system.ts");
  await writeFile(systemPath, "");
  await mkdir(join(base, "run"), { mode: 0o700 });
  return {
    stateHome: join(base, "home", "state", "seaworthy"),
    runtimeHome: join(base, "run"),
    system: "orders",
    environment: undefined,
    systemPath,
    ...more,
  };
}

function refusal(code: string, message: RegExp, fix: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof TargetError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.fix ?? "", fix);
    return true;
  };
}

test("makes every folder for us alone, and finds it again", async (context) => {
  const options = await place(context);
  assert.equal(await findStateFolder(options), undefined);
  const folder = await openStateFolder(options);
  const { id, ...paths } = folder;
  assert.match(id, /^[0-9a-f]{12}$/);
  assert.match(folder.root, /\/orders-default-[0-9a-f]{8}$/);
  for (const path of [options.stateHome, dirname(folder.sockets), ...Object.values(paths)]) {
    assert.equal((await stat(path)).mode & 0o777, 0o700, path);
  }
  assert.deepEqual(await openStateFolder(options), folder);
  assert.deepEqual(await findStateFolder(options), folder);
});

test("environments and checkouts have folders of their own", async (context) => {
  const options = await place(context);
  const other = join(dirname(options.systemPath), "other.ts");
  await writeFile(other, "");
  const staging = await openStateFolder({ ...options, environment: "staging" });
  const folders = [
    await openStateFolder(options),
    staging,
    await openStateFolder({ ...options, systemPath: other }),
  ];
  assert.match(staging.root, /\/orders-staging-[0-9a-f]{8}$/);
  assert.equal(new Set(folders.map((folder) => folder.root)).size, 3);
  assert.equal(new Set(folders.map((folder) => folder.sockets)).size, 3);
});

test("a link to the declaration is the declaration", async (context) => {
  const options = await place(context);
  const linked = join(dirname(options.systemPath), "linked.ts");
  await symlink(options.systemPath, linked);
  const folder = await openStateFolder(options);
  assert.deepEqual(await openStateFolder({ ...options, systemPath: linked }), folder);
});

test("refuses a symlink in its place", async (context) => {
  const options = await place(context);
  const folder = await openStateFolder(options);
  await rm(folder.logs, { recursive: true });
  await symlink("/tmp", folder.logs);
  const refused = refusal("no-permission", /logs is a symbolic link/, /^rm /);
  await assert.rejects(openStateFolder(options), refused);
  await assert.rejects(findStateFolder(options), refused);
});

test("refuses a folder that others may enter, and says what mends it", async (context) => {
  const options = await place(context);
  const folder = await openStateFolder(options);
  for (const path of [options.stateHome, folder.root, folder.record, folder.sockets]) {
    await chmod(path, 0o750);
    const refused = refusal("no-permission", /open to other users \(mode 750\)/, /^chmod 700 /);
    await assert.rejects(openStateFolder(options), refused);
    await chmod(path, 0o700);
  }
  await openStateFolder(options);
});

test("refuses a file in its place", async (context) => {
  const options = await place(context);
  await mkdir(dirname(options.stateHome), { recursive: true });
  await writeFile(options.stateHome, "");
  await assert.rejects(openStateFolder(options), refusal("no-permission", /is no folder/, /^mv /));
});

test("refuses a runtime folder whose sockets would not fit", async (context) => {
  const runtimeHome = `/tmp/${"x".repeat(60)}`;
  const options = await place(context, { runtimeHome });
  const refused = refusal("failed", /path for sockets is too long/, /XDG_RUNTIME_DIR/);
  await assert.rejects(openStateFolder(options), refused);
});

test("a long state path is no obstacle, a long name is a clear one", async (context) => {
  const options = await place(context);
  const deep = join(options.stateHome, "d".repeat(100), "e".repeat(100));
  const folder = await openStateFolder({ ...options, stateHome: deep });
  assert.ok(folder.record.length > 250 && folder.sockets.length < 75);
  const long = openStateFolder({ ...options, system: "s".repeat(250) });
  await assert.rejects(long, refusal("failed", /too long/, /shorter name/));
});

test("says that a declaration is not there", async (context) => {
  const options = await place(context, { systemPath: "/nowhere/system.ts" });
  await assert.rejects(openStateFolder(options), /could not find \/nowhere\/system\.ts/);
});

test("state lies where XDG says, and a relative path is ignored", () => {
  const home = { HOME: "/home/a" };
  assert.equal(stateHome(home), "/home/a/.local/state/seaworthy");
  assert.equal(stateHome({ ...home, XDG_STATE_HOME: "/s" }), "/s/seaworthy");
  assert.equal(stateHome({ ...home, XDG_STATE_HOME: "s" }), "/home/a/.local/state/seaworthy");
  assert.throws(() => stateHome({}), refusal("failed", /no folder for state/, /XDG_STATE_HOME/));
});

/** Runs `openStateFolder` as a user without rights and gives what it said. */
async function asUnprivileged(options: StateFolderOptions): Promise<string> {
  const script =
    `const { openStateFolder } = await import(${JSON.stringify(DOOR)});` +
    `try { await openStateFolder(JSON.parse(process.argv[1])); console.log("made"); }` +
    `catch (error) { console.log(error.code, error.message, "fix:", error.fix); }`;
  const who = [`--reuid=${UNPRIVILEGED}`, `--regid=${UNPRIVILEGED}`, "--clear-groups"];
  const node = [process.execPath, "--input-type=module", "--eval", script];
  const child = spawn("setpriv", [...who, ...node, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const chunk of child.stdout) text += String(chunk);
  return text;
}

test("an unprivileged user gets a clear refusal", { skip: !isRoot }, async (context) => {
  const options = await place(context);
  const base = dirname(options.systemPath);
  await chmod(base, 0o755);
  await mkdir(dirname(options.stateHome), { recursive: true });
  assert.match(await asUnprivileged(options), /^no-permission could not make .*not allowed/);
  await openStateFolder(options);
  assert.match(await asUnprivileged(options), /belongs to user 0, not 65534/);
});
