import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import { readDocument } from "../../facts/facts.ts";
import { findProgram, openSandbox } from "./sandbox.ts";
import { secondOpinions } from "./second-opinions.ts";

const path = process.env["PATH"] ?? "";
const root = mkdtempSync(join(tmpdir(), "seaworthy-opinions-"));
after(() => rmSync(root, { recursive: true }));
const signal = new AbortController().signal;
/** In CI a missing program is a failure: `bin/test` installs it. */
const without = (program: string) =>
  process.env["CI"] === undefined && findProgram(program, path) === undefined
    ? `${program} is not installed`
    : false;

async function ask(files: Readonly<Record<string, string>>, over: { readonly path?: string } = {}) {
  const documents = Object.entries(files).map(([name, text]) => {
    const document = readDocument({ path: name, text });
    assert.ok(document, `${name} is nothing that is known`);
    return document;
  });
  return await secondOpinions(documents, { clock: systemClock, path, root, signal, ...over });
}

const FAULTS: Readonly<Record<string, readonly [program: string, text: string, line: number]>> = {
  "haproxy.cfg": [
    "haproxy",
    "global\n  user nosuch\ndefaults\n  mode http\n  bogus thing\nfrontend f\n" +
      "  bind :443 ssl crt /etc/nosuch.pem\n  default_backend b\nbackend b\n  server s app:80\n",
    5,
  ],
  "nginx.conf": [
    "nginx",
    "http {\n  server {\n    listen 80;\n    server_name a;\n    bogus thing;\n  }\n}\n",
    5,
  ],
  "alertmanager.yml": [
    "amtool",
    "route:\n  receiver: a\nreceivers:\n  - name: a\n    email_configs:\n" +
      "      - to: a@b.c\n        subject: x\n",
    7,
  ],
  "rules.yml": [
    "promtool",
    "groups:\n  - name: a\n    rules:\n      - alert: X\n        expr: rate(foo\n",
    5,
  ],
  "run.sh": ["shellcheck", "#!/bin/bash\nif [ $1 = x ; then\n  echo\nfi\n", 2],
};

for (const [name, [program, text, line]] of Object.entries(FAULTS)) {
  test(`${program} says what is wrong, with its version`, { skip: without(program) }, async () => {
    const { opinions } = await ask({ [name]: text });
    assert.equal(opinions.length, 1);
    const [opinion] = opinions;
    assert.match(opinion?.tool ?? "", new RegExp(`^${program} \\d+\\.\\d+`));
    assert.ok(
      opinion?.complaints.some((complaint) => complaint.line === line),
      JSON.stringify(opinion),
    );
  });
}

test("compose is asked too, and newer files than it knows are no faults", {
  skip: without("docker-compose"),
}, async () => {
  const asked = async (more: string) => {
    const text = `services:\n  app:\n    image: shop/app:1\n${more}`;
    const { opinions } = await ask({ "docker-compose.yml": text });
    assert.match(opinions[0]?.tool ?? "", /^docker[- ]compose v?\d+\.\d+/);
    return opinions[0]?.complaints.map(({ message }) => message) ?? [];
  };
  assert.match((await asked("    depends_on: [nosuch]\n")).join("\n"), /nosuch/);
  assert.deepEqual(await asked("    build: ./nowhere\n"), []);
  assert.deepEqual(await asked("name: shop\n"), []);
});

test("a healthy haproxy file of another machine is accepted", {
  skip: without("haproxy"),
}, async () => {
  const text =
    "global\n  user nosuch\n  chroot /nosuch\ndefaults\n  mode http\n  timeout connect 5s\n" +
    "  timeout client 5s\n  timeout server 5s\nfrontend f\n  bind :443 ssl crt /etc/nosuch.pem\n" +
    "  default_backend b\nbackend b\n  server s 10.0.0.1:80\n";
  const { opinions } = await ask({ "haproxy.cfg": text });
  assert.deepEqual([opinions[0]?.accepts, opinions[0]?.complaints], [true, []]);
});

test("programs run as nobody, in a folder of their own, with nothing of ours", async () => {
  using sandbox = openSandbox({ path, signal });
  sandbox.write("mine.txt", "1\n");
  const shell = findProgram("sh", path) ?? "";
  const script =
    "id -u; pwd; env | cut -d= -f1 | sort | tr '\\n' ' '; echo; cat mine.txt; cat /proc/net/route";
  const { code, output } = await sandbox.run(shell, ["-c", script]);
  const [uid, folder, names, mine, ...routes] = output.trim().split("\n");
  assert.equal(code, 0, output);
  if (process.getuid?.() === 0) assert.equal(uid, "65534");
  assert.equal(folder, sandbox.folder);
  assert.deepEqual(
    names?.split(" ").filter((name) => !["_", "OLDPWD", "SHLVL", ""].includes(name)),
    ["HOME", "LANG", "LC_ALL", "PATH", "PWD"],
  );
  assert.equal(mine, "1");
  if (sandbox.isOffline) assert.ok(routes.length <= 1, "a route leads out of the sandbox");
});

test("a temporary folder of root's own shuts no program out", async () => {
  const shut = mkdtempSync(join(root, "shut-"));
  chmodSync(shut, 0o700);
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = shut;
  try {
    using sandbox = openSandbox({ path, signal });
    sandbox.write("mine.txt", "1\n");
    const { code, output } = await sandbox.run(findProgram("cat", path) ?? "", ["mine.txt"]);
    assert.deepEqual([code, output.trim()], [0, "1"]);
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
});

test("a sandbox leaves nothing behind", () => {
  const sandbox = openSandbox({ path, signal });
  sandbox.write("x", "y");
  sandbox[Symbol.dispose]();
  assert.ok(!existsSync(sandbox.folder));
});

test("no program of the folder that is checked is started", async () => {
  const planted = join(root, "bin");
  const proof = join(root, "was-started");
  mkdirSync(planted);
  writeFileSync(join(planted, "shellcheck"), `#!/bin/sh\ntouch ${proof}\necho 9.9.9\n`);
  chmodSync(join(planted, "shellcheck"), 0o755);
  assert.equal(findProgram("shellcheck", planted, root)?.startsWith(root) ?? false, false);
  await ask({ "run.sh": "#!/bin/sh\nls\n" }, { path: `${planted}:bin:.` });
  assert.ok(!existsSync(proof));
});

test("a program that hangs is ended", { timeout: 60_000 }, async () => {
  using sandbox = openSandbox({ path, signal });
  const { code } = await sandbox.run(findProgram("sleep", path) ?? "", ["600"]);
  assert.equal(code, undefined);
});
