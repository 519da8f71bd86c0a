import assert from "node:assert/strict";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { aSystem } from "./declarations.ts";
import { rehearse } from "./rehearsal.ts";

test("a command that does not exist is exit 2, with the nearest one", async () => {
  await using rehearsal = await rehearse();
  const wrong = await rehearsal.run(["staus"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /status/);
});

test("--help names every verb and exit code, and needs no declaration", async () => {
  await using rehearsal = await rehearse();
  const help = await rehearsal.run(["--help"]);
  assert.equal(help.code, 0);
  for (const word of ["check", "up", "drill", "doctor", "not rolled back"]) {
    assert.match(help.stdout, new RegExp(word));
  }
});

test("unknown fields, names and units are told at once, with place and fix", async () => {
  await using rehearsal = await rehearse({
    "system.yaml": `name: shop
services:
  web:
    run: { build: ./apps/web, command: [node, main.ts] }
    port: 8080
    replicaz: 2
    drain: 5 parsecs
edge:
  routes: { "/": wbe }
`,
  });
  const check = await rehearsal.run(["check"]);
  assert.equal(check.code, 2);
  assert.match(check.stderr, /replicas/);
  assert.match(check.stderr, /5 parsecs/);
  assert.match(check.stderr, /web/);
  assert.match(check.stderr, /system\.yaml:\d+/);
});

test("a contradiction is exit 10, and up refuses it until it is taken on by name", async () => {
  const text = aSystem({ more: `` }).replace(`drain: "2s"`, `drain: "9s"`);
  await using rehearsal = await rehearse({ "system.ts": text });
  const check = await rehearsal.run(["check", "--json"]);
  assert.equal(check.code, 10, check.stderr);
  assert.match(check.stdout, /"rule": "drain-longer-than-stop"/);
  const up = await rehearsal.run(["up"]);
  assert.equal(up.code, 10);
  assert.match(up.stderr, /--accept drain-longer-than-stop/);
});

test("a declaration that reads elsewhere, writes, spawns or fetches is refused", async () => {
  const tries: Readonly<Record<string, string>> = {
    read: `import { readFileSync } from "node:fs"; readFileSync("/etc/passwd");`,
    write: `import { writeFileSync } from "node:fs"; writeFileSync("x", "");`,
    spawn: `import { execFileSync } from "node:child_process"; execFileSync("true");`,
    network: `await fetch("http://127.0.0.1:1/");`,
  };
  for (const [name, line] of Object.entries(tries)) {
    await using rehearsal = await rehearse({ "system.ts": `${line}\n${aSystem()}` });
    const check = await rehearsal.run(["check"]);
    assert.equal(check.code, 2, `${name}: ${check.stderr}`);
    assert.match(check.stderr, /impure-declaration/, name);
  }
});

test("it works in a CommonJS folder and in one without package.json", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["check"])).code, 0);
  await rehearsal.write("package.json", `{ "name": "old", "type": "commonjs" }`);
  const check = await rehearsal.run(["check"]);
  assert.equal(check.code, 0, check.stderr);
});

test("it works in a folder whose path is long", async () => {
  await using rehearsal = await rehearse();
  const deep = join(rehearsal.folder, ...Array.from({ length: 12 }, () => "a-rather-long-name"));
  await mkdir(deep, { recursive: true });
  await cp(join(rehearsal.folder, "apps"), join(deep, "apps"), { recursive: true });
  await writeFile(join(deep, "system.ts"), aSystem({ replicas: 1 }));
  const up = await rehearsal.run(["up"], { cwd: deep });
  assert.equal(up.code, 0, up.stderr);
  const down = await rehearsal.run(["down", "--yes"], { cwd: deep });
  assert.equal(down.code, 0, down.stderr);
});

test("a platform that is not there yet is refused, not ignored", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  const up = await rehearsal.run(["up", "--on", "kubernetes"]);
  assert.notEqual(up.code, 0);
  assert.match(up.stderr, /not .*yet/);
});

test("doctor looks at this machine", async () => {
  await using rehearsal = await rehearse();
  const doctor = await rehearsal.run(["doctor", "--json"]);
  assert.equal(doctor.code, 0, doctor.stdout);
  assert.match(doctor.stdout, /machine-node/);
});
