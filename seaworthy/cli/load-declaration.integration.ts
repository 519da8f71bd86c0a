import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import type { Result } from "@seaworthy/std/result";
import type { Finding } from "../system/finding.ts";
import { parse } from "../system/parse.ts";
import { locateFindings } from "./locate-findings.ts";
import { loadDeclaration, type LoadContext } from "./load-declaration.ts";

const NODE: LoadContext = {
  clock: systemClock,
  ownCommand: () => [process.execPath],
  signal: new AbortController().signal,
};

interface Folder extends AsyncDisposable {
  readonly path: string;
  readonly load: (
    file: string,
    context?: Partial<LoadContext>,
  ) => Promise<Result<unknown, readonly Finding[]>>;
}

/** A folder of its own, gone at the end; `files` by path. */
async function folderWith(files: Readonly<Record<string, string>>, name = "app"): Promise<Folder> {
  const root = await mkdtemp(join(tmpdir(), "seaworthy-declare-"));
  const path = join(root, name);
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), content);
  }
  return {
    path,
    load: async (file, context = {}) =>
      await loadDeclaration(join(path, file), { ...NODE, ...context }),
    [Symbol.asyncDispose]: async () => await rm(root, { recursive: true, force: true }),
  };
}

async function refusal(files: Readonly<Record<string, string>>): Promise<Finding> {
  await using folder = await folderWith(files);
  const result = await folder.load(Object.keys(files)[0] ?? "");
  assert.ok(!result.ok, JSON.stringify(result));
  const [finding] = result.error;
  assert.ok(finding);
  return finding;
}

const SHOP = `import { defineSystem, edge, ref, secret, service, text } from "seaworthy";
const api = service({
  run: { build: "./api", command: ["node", "main.ts"] },
  env: { SELF: text\`\${ref("api")}/v1\`, TOKEN: secret("TOKEN") },
});
const front = edge({ routes: { "/": "api" } });
export default defineSystem({ name: "shop", services: { api }, edge: front });
`;

const SHOP_DATA = {
  name: "shop",
  services: {
    api: {
      run: { build: "./api", command: ["node", "main.ts"] },
      env: { SELF: { text: [{ ref: "api" }, "/v1"] }, TOKEN: { secret: "TOKEN" } },
    },
  },
  edge: { routes: { "/": "api" } },
};

const PLACES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["without a package.json", {}],
  ["of CommonJS", { "package.json": '{ "name": "app" }' }],
  ["that says it is CommonJS", { "package.json": '{ "type": "commonjs" }' }],
  ["whose package.json is broken elsewhere", { "other/package.json": "{" }],
];

for (const [what, files] of PLACES) {
  test(`a declaration is loaded in a folder ${what}, nothing installed`, async () => {
    await using folder = await folderWith({ "system.ts": SHOP, ...files });
    assert.deepEqual(await folder.load("system.ts"), { ok: true, value: SHOP_DATA });
  });
}

test("a path with spaces, commas, umlauts and a link leads to the same declaration", async () => {
  await using folder = await folderWith({ "system.ts": SHOP }, "my app, größer #1 %41 ?x");
  assert.deepEqual(await folder.load("system.ts"), { ok: true, value: SHOP_DATA });
  await symlink(folder.path, `${folder.path}-link`);
  assert.deepEqual(await folder.load("../my app, größer #1 %41 ?x-link/system.ts"), {
    ok: true,
    value: SHOP_DATA,
  });
});

test("a long path is a path like any other", async () => {
  await using folder = await folderWith(
    { "system.ts": SHOP },
    join(..."abcdefgh".split("").map((letter) => letter.repeat(120))),
  );
  assert.deepEqual(await folder.load("system.ts"), { ok: true, value: SHOP_DATA });
});

test("files of the same folder may be imported, in TypeScript and as data", async () => {
  await using folder = await folderWith({
    "system.ts": `import { name } from "./parts/name.ts";
      import limits from "./limits.json" with { type: "json" };
      export default { name, limits, at: new Date("2026-01-02").toISOString() };`,
    "parts/name.ts": 'export const name: string = "shop";',
    "limits.json": '{ "max": 3 }',
    "package.json": '{ "type": "commonjs" }',
  });
  assert.deepEqual(await folder.load("system.ts"), {
    ok: true,
    value: { name: "shop", limits: { max: 3 }, at: "2026-01-02T00:00:00.000Z" },
  });
});

test("what a declaration prints does not disturb what it declares", async () => {
  await using folder = await folderWith({
    "system.ts": 'console.log("hello"); console.table([1]); export default { name: "x" };',
  });
  assert.deepEqual(await folder.load("system.ts"), { ok: true, value: { name: "x" } });
});

test("yaml and json say the same as TypeScript, and run no code", async () => {
  await using folder = await folderWith({
    "system.json": JSON.stringify(SHOP_DATA),
    "system.yaml": `name: shop
services:
  api:
    run: { build: ./api, command: [node, main.ts] }
    env: { SELF: { text: [{ ref: api }, /v1] }, TOKEN: { secret: TOKEN } }
edge: { routes: { /: api } }
`,
  });
  for (const file of ["system.json", "system.yaml"]) {
    assert.deepEqual(await folder.load(file), { ok: true, value: SHOP_DATA }, file);
  }
});

/** What a declaration may try, what is said about it, and on which line. */
const IMPURE: readonly (readonly [what: string, code: string, says: RegExp, line: number])[] = [
  ["read a file", 'import fs from "node:fs";\nfs.readFileSync("/etc/passwd");', /node:fs/, 2],
  ["write a file", 'import { writeFileSync } from "fs";\nwriteFileSync("x", "y");', /module fs/, 2],
  ["spawn", 'const { spawn } = await import("node:child_process");', /child_process/, 2],
  ["start a worker", 'import { Worker } from "node:worker_threads";', /worker_threads/, 2],
  ["open a socket", 'import net from "node:net";', /node:net/, 2],
  ["load an addon", 'process.dlopen({}, "/x.node");', /process\.dlopen/, 2],
  ["fetch", 'const a = 1;\nawait fetch("http://127.0.0.1:1/");', /the network \(fetch\)/, 3],
  ["open a web socket", 'new WebSocket("ws://127.0.0.1:1");', /the network \(WebSocket\)/, 2],
  ["read the environment", "const home = process.env.HOME;", /environment \(process\.env\.HOME/, 2],
  ["list the environment", "const all = { ...process.env };", /environment \(process\.env/, 2],
  ["read the clock", "const now = Date.now();", /the clock \(Date\.now\)/, 2],
  ["make today's date", "const now = new Date();", /the clock \(new Date\)/, 2],
  ["reach the real Date", "new (new Date(0).constructor)();", /the clock \(new Date\)/, 2],
  ["measure", "performance.now();", /the clock \(performance\.now\)/, 2],
  ["wait", "setTimeout(() => {}, 1);", /the clock \(setTimeout\)/, 2],
  ["roll dice", "const dice = Math.random();", /chance \(Math\.random\)/, 2],
  ["make an id", "const id = crypto.randomUUID();", /chance \(crypto\.randomUUID\)/, 2],
  [
    "import what lies outside",
    'import x from "../outside.ts";',
    /outside\.ts, which is outside/,
    2,
  ],
  ["import it by its path", 'import x from "/etc/passwd";', /\/etc\/passwd, which is outside/, 2],
  ["import code as data", 'await import("data:text/javascript,1");', /outside its folder/, 2],
  ["get at the process", 'new Function("return process")().exit(0);', /process\.exit/, 2],
  ["find a module loader", 'process.getBuiltinModule("fs");', /process\.getBuiltinModule/, 2],
  ["try and hide it", "try { Date.now(); } catch {}", /the clock/, 2],
];

for (const [what, code, says, line] of IMPURE) {
  test(`a declaration cannot ${what}`, async () => {
    const source = `// first line\n${code}\nexport default { name: "x" };\n`;
    await using folder = await folderWith({
      "system.ts": source,
      "../outside.ts": "export default 1;",
    });
    const result = await folder.load("system.ts");
    assert.ok(!result.ok, JSON.stringify(result));
    const [finding] = result.error;
    assert.equal(finding?.rule, "impure-declaration");
    assert.match(finding.message, says);
    assert.deepEqual([finding.places[0]?.file, finding.places[0]?.line], ["system.ts", line]);
    assert.match(finding.places[0]?.excerpt ?? "", /\^/);
  });
}

test("a link inside the folder does not lead out of it", async () => {
  await using folder = await folderWith({
    "system.ts": 'import x from "./link.json" with { type: "json" };\nexport default { x };',
    "../secret.json": '{ "secret": 1 }',
  });
  await symlink(join(folder.path, "../secret.json"), join(folder.path, "link.json"));
  const result = await folder.load("system.ts");
  assert.ok(!result.ok, JSON.stringify(result));
  assert.equal(result.error[0]?.rule, "impure-declaration");
});

const BROKEN: readonly (readonly [what: string, code: string, says: RegExp, line: number])[] = [
  ["no TypeScript", "const a = 1;\nexport default { a: };", /\(system\.ts:2:21\)/, 2],
  [
    "no JavaScript",
    "\nconst a = 1;\nconst a = 2;",
    /'a' has already been declared \(system\.ts:3:7\)/,
    3,
  ],
  ["an enum", "enum A { B }\nexport default {};", /enum is not supported/, 1],
  ["a missing export", 'import { nope } from "seaworthy";\nexport default {};', /named 'nope'/, 1],
];

for (const [what, code, says, line] of BROKEN) {
  test(`${what}: file, line, column and the code`, async () => {
    const finding = await refusal({ "system.ts": code });
    assert.equal(finding.rule, "syntax-error");
    assert.match(finding.message, says);
    assert.equal(finding.places[0]?.line, line);
    assert.match(finding.places[0].excerpt ?? "", /\n +\| *\^/);
  });
}

test("what it throws is told with its place", async () => {
  const code = "const shop: any = undefined;\nshop.name;\nexport default {};";
  const finding = await refusal({ "system.ts": code });
  assert.equal(finding.rule, "declaration-threw");
  assert.match(finding.message, /TypeError: Cannot read properties .* \(system\.ts:2:6\)/);
});

test("a reference that becomes text is told with the way out", async () => {
  const code = 'import { ref } from "seaworthy";\nexport default { a: `${ref("api")}/v1` };';
  const finding = await refusal({ "system.ts": code });
  assert.match(finding.message, /join it with text`…`.*system\.ts:2:/);
});

test("a function in a declaration is told with its path", async () => {
  const finding = await refusal({ "system.ts": "export default { a: { b: () => 1 } };" });
  assert.match(finding.message, /a\.b is a function/);
});

test("a package that is not there is told with the line that wants it", async () => {
  const code = '// one\nimport lodash from "lodash";\nexport default { lodash };';
  const finding = await refusal({ "system.ts": code });
  assert.match(finding.message, /Cannot find package 'lodash'/);
  assert.equal(finding.places[0]?.line, 2);
});

test("no default export, none at all, or a wait that never ends", async () => {
  const none = await refusal({ "system.ts": "export const system = {};" });
  assert.equal(none.rule, "no-default-export");
  assert.match(none.fix, /export default defineSystem/);
  const empty = await refusal({ "system.ts": "" });
  assert.equal(empty.rule, "no-default-export");
  const waits = await refusal({ "system.ts": "await new Promise(() => {}); export default {};" });
  assert.match(waits.message, /waits for something that never comes/);
});

/** Processes whose command line names a folder; on Linux, where they can be asked for. */
async function processesIn(folder: string): Promise<readonly string[]> {
  if (process.platform !== "linux") return [];
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = pids.map(
    async (pid) => await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""),
  );
  return (await Promise.all(lines)).filter((line) => line.includes(folder));
}

test("an endless loop is stopped at the deadline", async () => {
  await using folder = await folderWith({ "system.ts": "for (;;) {}\nexport default {};" });
  const result = await folder.load("system.ts", { deadlineMs: 700 });
  assert.ok(!result.ok);
  assert.equal(result.error[0]?.rule, "declaration-too-slow");
  assert.match(result.error[0].message, /after 0\.7 s, and was stopped/);
  assert.deepEqual(await processesIn(folder.path), []);
});

test("too much data and too much memory end as findings", async () => {
  const large = await refusal({ "system.ts": 'export default { a: "x".repeat(2_000_000) };' });
  assert.equal(large.rule, "declaration-too-large");
  const hungry = "const all = []; for (;;) all.push(new Array(100_000).fill(all.length + 0.5));";
  const memory = await refusal({ "system.ts": `${hungry}\nexport default {};` });
  assert.match(memory.message, /used all its memory/);
});

test("Ctrl-C while loading ends the child and says so", async () => {
  await using folder = await folderWith({ "system.ts": "for (;;) {}\nexport default {};" });
  const interrupt = new AbortController();
  const loading = folder.load("system.ts", { signal: interrupt.signal });
  const deadline = AbortSignal.timeout(10_000);
  while ((await processesIn(folder.path)).length === 0 && process.platform === "linux") {
    deadline.throwIfAborted();
  }
  interrupt.abort(new Error("interrupted"));
  await assert.rejects(loading, /interrupted/);
  assert.deepEqual(await processesIn(folder.path), []);
});

test("broken yaml and json say file, line, column and the code", async () => {
  const yaml = await refusal({ "system.yaml": "name: shop\nservices:\n  api: [\n" });
  assert.equal(yaml.rule, "syntax-error");
  assert.match(yaml.message, /\(system\.yaml:\d+:\d+\)/);
  const twice = await refusal({ "system.yaml": "name: a\nname: b\n" });
  assert.match(twice.message, /unique.*system\.yaml:2:1/);
  const json = await refusal({ "system.json": '{\n  "name": "shop",\n}\n' });
  assert.equal(json.rule, "syntax-error");
  assert.equal(json.places[0]?.line, 3);
  const nines = (name: string): string => Array.from({ length: 9 }, () => name).join(", ");
  const rows = ["a", "b", "c", "d", "e", "f"].map((name, index, names) => {
    const before = names[index - 1];
    return `${name}: &${name} [${nines(before === undefined ? "x" : `*${before}`)}]`;
  });
  const bomb = `${rows.join("\n")}\n`;
  assert.match((await refusal({ "system.yaml": bomb })).message, /alias/i);
});

test("a fault in yaml is told with its line, a missing field with its holder", async () => {
  await using folder = await folderWith({
    "system.yaml": "name: shop\nservices:\n  api:\n    replica: 3\nedge:\n  routes:\n    /: apii\n",
  });
  const loaded = await folder.load("system.yaml");
  assert.ok(loaded.ok);
  const parsed = parse(loaded.value, { environment: undefined, platform: undefined });
  assert.ok(!parsed.ok);
  const placed = await locateFindings(join(folder.path, "system.yaml"), parsed.error);
  assert.deepEqual(
    placed.map(({ rule, places }) => `${rule} ${places[0]?.file}:${places[0]?.line}`),
    ["missing-field system.yaml:3", "unknown-field system.yaml:4", "unknown-service system.yaml:7"],
  );
});

test("what cannot be read says why", async () => {
  await using folder = await folderWith({ "system.txt": "", "system.ts/x": "" });
  for (const file of ["system.txt", "none.ts", "none.yaml", "system.ts"]) {
    const result = await folder.load(file);
    assert.ok(!result.ok, file);
    assert.equal(result.error[0]?.rule, "cannot-read", file);
  }
});
