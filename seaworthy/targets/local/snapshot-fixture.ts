import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import type { JobUnit } from "../../plan/graph.ts";
import { TargetError } from "../target.ts";
import {
  describeRelease,
  loadRelease,
  putRelease,
  type LoadedRelease,
  type ReleaseContext,
} from "./release.ts";

export type Files = Readonly<Record<string, string>>;

export async function folder(context: TestContext): Promise<string> {
  const path = await realpath(await mkdtemp("/tmp/sw-release-"));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

export async function write(base: string, files: Files): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(base, name)), { recursive: true });
    await writeFile(join(base, name), text);
  }
}

export function contextOf(base: string, more: Partial<ReleaseContext> = {}): ReleaseContext {
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
export function aJob(build: string, command: readonly [string, ...string[]], env = {}): JobUnit {
  const run = { kind: "folder", build, command } as const;
  const deadlineMs = 10_000;
  return {
    name: "print",
    kind: "job",
    run,
    env,
    needs: [],
    when: "before-rollout",
    schedule: undefined,
    idempotent: true,
    deadlineMs,
  };
}

export function run(loaded: LoadedRelease): string {
  const ended = spawnSync(loaded.program, loaded.argv.slice(1), {
    cwd: loaded.appFolder,
    encoding: "utf8",
    env: {},
    timeout: 30_000,
  });
  return ended.stdout === "" ? ended.stderr : ended.stdout;
}

export async function put(unit: JobUnit, context: ReleaseContext): Promise<LoadedRelease> {
  const release = await describeRelease(unit, context);
  await putRelease(release, unit, context);
  return await loadRelease(context.releasesFolder, release.id);
}

export function refusal(code: string, ...patterns: readonly RegExp[]) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof TargetError, String(error));
    assert.equal(error.code, code, error.message);
    const text = [error.message, ...error.detail, error.fix ?? ""].join("\n");
    for (const pattern of patterns) assert.match(text, pattern);
    return true;
  };
}

/** What `npm install` makes of a workspace: one app, one package in TypeScript, one from afar. */
export async function aWorkspace(base: string): Promise<void> {
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
