import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("launch.js", import.meta.url));
const made: string[] = [];
after(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

/** A system of one service, whose declaration ends in these lines of it. */
function systemWith(...service: readonly string[]): string {
  const root = mkdtempSync(join(tmpdir(), "seaworthy-declared-"));
  made.push(root);
  mkdirSync(join(root, "api"));
  writeFileSync(join(root, "api/main.js"), "");
  const lines = ["name: shop", "edge: { routes: { /: api } }", "services:", "  api:", ...service];
  writeFileSync(join(root, "system.yaml"), `${lines.join("\n")}\n`);
  return root;
}

function run(cwd: string, ...args: readonly string[]) {
  const env = { ...process.env, NO_COLOR: "1" };
  const options = { cwd, env, encoding: "utf8", timeout: 60_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], options);
  return { code: status, stdout, stderr };
}

const FOLDER = "    run: { build: ./api, command: [node, main.js] }";

test("what a rule over files finds in a declaration has its line", () => {
  const root = systemWith(FOLDER, "    env:", "      TZ: UTC", "      SESSION_SECRET: changeme");
  const found = run(root, "check");
  assert.equal(found.code, 0, found.stderr);
  assert.match(found.stdout, /^warning .*SESSION_SECRET.* \[default-or-placeholder-secret\]$/m);
  assert.match(found.stdout, /^ {2}at {3}system\.yaml:8 {2}services\.api\.env\.SESSION_SECRET$/m);
  assert.ok(!found.stdout.includes("changeme"));
  assert.equal(run(root, "check", "--fail-on", "warning").code, 10);
  const healthy = systemWith(FOLDER, "    env:", "      SESSION_SECRET: { secret: SESSION }");
  assert.equal(run(healthy, "check", "--fail-on", "warning").code, 0);
});

test("what no platform can run yet is refused, and checked all the same", () => {
  const found = run(systemWith('    run: { image: "bitnami/redis:7.2" }'), "check");
  assert.equal(found.code, 2);
  const said = found.stdout + found.stderr;
  assert.match(said, /\[not-yet\]/);
  assert.match(said, /system\.yaml:5 {2}services\.api\.run\.image/);
  assert.match(said, /\[image-tag-gone\]/);
});

test("up takes a rule over files on by its name, and no other word", () => {
  const root = systemWith(FOLDER);
  const slip = run(root, "up", "--accept", "image-tag-gon");
  assert.deepEqual([slip.code, /did you mean image-tag-gone\?/.test(slip.stderr)], [2, true]);
});

test("a word that names neither files nor a system is refused", () => {
  const root = systemWith(FOLDER);
  assert.equal(run(root, "check", "/dev/null").code, 2);
  assert.equal(run(root, "check", "nowhere").code, 2);
  assert.equal(run(root, "check").code, 0);
});
