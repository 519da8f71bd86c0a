import { match, ok, strictEqual } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "packed-"));
const home = join(folder, "somebody's project");
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** A registry may be slow; a program that asks for nothing is not. */
const INSTALL_DEADLINE_MS = 120_000;

interface Run {
  readonly status: number | null;
  readonly output: string;
}

function run(cwd: string, program: string, ...args: readonly string[]): Run {
  const options = { cwd, encoding: "utf8", timeout: INSTALL_DEADLINE_MS } as const;
  const { status, stdout, stderr } = spawnSync(program, args, options);
  return { status, output: `${stdout}${stderr}` };
}

before(() => {
  const out = join(folder, "out");
  const built = run(root, "node", "scripts/stage-packages.ts", out);
  strictEqual(built.status, 0, built.output);
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), "{}\n");
  const tarballs = globSync("tarballs/*.tgz", { cwd: out }).map((file) => join(out, file));
  strictEqual(tarballs.length, 3);
  const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  const installed = run(home, "npm", "install", ...quiet, ...tarballs);
  strictEqual(installed.status, 0, installed.output);
});

test("the packed tool runs from somebody's project", () => {
  const help = run(home, "node_modules/.bin/seaworthy", "--help");
  strictEqual(help.status, 0, help.output);
  match(help.output, /Usage: seaworthy/);
});

test("the packed tool reads a declaration that imports the packed door", () => {
  const declaration = `import { defineSystem, edge, service } from "seaworthy";
    const api = service({ run: { build: ".", command: ["node", "a.js"] }, port: 8080 });
    const front = edge({ routes: { "/": "api" } });
    export default defineSystem({ name: "t", services: { api }, edge: front });`;
  writeFileSync(join(home, "system.ts"), declaration);
  const explained = run(home, "node_modules/.bin/seaworthy", "explain", "services.api.port");
  strictEqual(explained.status, 0, explained.output);
  match(explained.output, /8080/);
});

test("the packed tool checks existing files in one line, and explains its rules", () => {
  const tree = join(folder, "tree");
  mkdirSync(tree);
  const compose = `services:
  app:
    image: shop/app:1.4.2
    volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml"]
  prometheus:
    image: prom/prometheus:v3.5.0
    volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml"]
`;
  const prometheus = `scrape_configs:
  - job_name: app
    static_configs:
      - targets: ["ap:8080"]
`;
  writeFileSync(join(tree, "compose.yml"), compose);
  writeFileSync(join(tree, "prometheus.yml"), prometheus);
  const tool = join(home, "node_modules/.bin/seaworthy");
  const checked = run(tree, tool, "check", ".", "--github");
  strictEqual(checked.status, 10, checked.output);
  match(checked.output, /^::error file=prometheus\.yml,line=4,title=scrape-target-nobody::/m);
  const explained = run(tree, tool, "explain", "scrape-target-nobody");
  strictEqual(explained.status, 0, explained.output);
  match(explained.output, /^# scrape-target-nobody/);
});

test("no test, fixture or TypeScript source is published", () => {
  const files = globSync("node_modules/{seaworthy,@seaworthy/*}/**/*.*", { cwd: home });
  ok(files.some((file) => file.endsWith("seaworthy/cli/main.js")));
  const wrong = /(?<!\.d)\.ts$|\.(test|integration|fixture)\.|\/fixtures\//;
  strictEqual(files.filter((file) => wrong.test(file)).join("\n"), "");
});
