import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { inspect } from "node:util";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { TargetError } from "../target.ts";
import { openSecretVersions } from "./secret-versions.ts";

const SENTINEL = "s3cr3t-sentinel-5f0c2a91";

async function file(context: TestContext): Promise<string> {
  const folder = await mkdtemp("/tmp/sw-secret-");
  context.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "secrets.json");
}

test("a value that differs from the last one gets the next version", async (context) => {
  const path = await file(context);
  const secrets = openSecretVersions(path);
  assert.equal(await secrets.versionOf("KEY", "a"), 1);
  assert.equal(await secrets.versionOf("KEY", "a"), 1);
  assert.equal(await secrets.versionOf("OTHER", "b"), 1);
  assert.equal(await secrets.versionOf("KEY", "ab"), 2);
  // Going back is a change too: what ran in between had another one.
  assert.equal(await openSecretVersions(path).versionOf("KEY", "a"), 3);
  assert.equal(await secrets.valueOf("KEY", 2), "ab");
  assert.equal(await secrets.valueOf("KEY", 3), "a");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("asking writes nothing", async (context) => {
  const path = await file(context);
  const secrets = openSecretVersions(path);
  assert.equal(await secrets.peekVersion("KEY", "a"), 1);
  assert.deepEqual(await readdir(join(path, "..")), []);
  await secrets.versionOf("KEY", "a");
  assert.equal(await secrets.peekVersion("KEY", "a"), 1);
  assert.equal(await secrets.peekVersion("KEY", "b"), 2);
  assert.equal(await secrets.versionOf("KEY", "b"), 2);
});

test("calls at once count once each", async (context) => {
  const secrets = openSecretVersions(await file(context));
  const values = ["a", "b", "b", "c"];
  const versions = await Promise.all(values.map((value) => secrets.versionOf("KEY", value)));
  assert.deepEqual(versions, [1, 2, 2, 3]);
});

test("keeps the last five values and no older one", async (context) => {
  const secrets = openSecretVersions(await file(context));
  for (let number = 1; number <= 7; number += 1) await secrets.versionOf("KEY", `v${number}`);
  assert.equal(await secrets.valueOf("KEY", 3), "v3");
  await assert.rejects(
    secrets.valueOf("KEY", 2),
    (error) => error instanceof TargetError && error.code === "secret-missing",
  );
  await assert.rejects(secrets.valueOf("toString", 1), TargetError);
});

test("no error holds a value", async (context) => {
  const path = await file(context);
  const secrets = openSecretVersions(path);
  await secrets.versionOf("KEY", SENTINEL);
  const silent = (error: unknown): boolean => {
    assert.ok(error instanceof TargetError);
    assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(SENTINEL));
    return true;
  };
  await assert.rejects(secrets.valueOf("KEY", 9), silent);
  for (const text of [`{"v":1,"secrets":{"KEY":"${SENTINEL}"}}`, `{"KEY": ${SENTINEL}`]) {
    await writeFile(path, text);
    await assert.rejects(secrets.versionOf("KEY", "x"), silent);
    await assert.rejects(secrets.valueOf("KEY", 1), silent);
  }
});
