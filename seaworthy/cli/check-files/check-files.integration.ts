import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../launch.js", import.meta.url));
const made: string[] = [];
after(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

function folderWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "seaworthy-check-"));
  made.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function check(cwd: string, ...args: readonly string[]) {
  const env = { ...process.env, NO_COLOR: "1" };
  const limits = { timeout: 60_000, maxBuffer: 64_000_000 } as const;
  const options = { cwd, env, encoding: "utf8", ...limits } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, "check", ...args], options);
  return { code: status, stdout, stderr };
}

const compose = (service: string) =>
  `services:\n  ${service}:\n    image: shop/app:1.4.2\n  prometheus:\n` +
  `    image: prom/prometheus:v3.5.0\n` +
  `    volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml"]\n`;
const prometheus = (before = "") =>
  `scrape_configs:\n  - job_name: app\n    static_configs:\n${before}` +
  `      - targets: ["ap:8080"]\n`;
const broken = { "compose.yml": compose("app"), "prometheus.yml": prometheus() };
const RULE = "scrape-target-nobody";

interface Printed {
  readonly findings: readonly {
    readonly rule: string;
    readonly fingerprint: string;
    readonly confirmedBy?: string;
  }[];
}

function printed(stdout: string): Printed["findings"] {
  const document: Printed = JSON.parse(stdout);
  return document.findings;
}

test("a folder with an error is exit 10, without one 0", () => {
  const found = check(folderWith(broken), ".");
  assert.equal(found.code, 10, found.stderr);
  assert.match(found.stdout, /^error .*ap:8080.* \[scrape-target-nobody\]$/m);
  assert.match(found.stdout, /^ {2}at {3}prometheus\.yml:4 {2}- targets: \["ap:8080"\]$/m);
  assert.match(found.stderr, /compose\.yml: 1 error, /);
  const healthy = check(folderWith({ ...broken, "compose.yml": compose("ap") }), ".");
  assert.equal(healthy.code, 0, healthy.stdout);
});

test("warnings fail where that is asked", () => {
  const root = folderWith({ ".seaworthy-ignore.yaml": "ignore:\n  - rule: nonsense\n" });
  assert.equal(check(root, ".").code, 0);
  const strict = check(root, ".", "--fail-on", "warning");
  assert.equal(strict.code, 10);
  assert.match(strict.stdout, /\[ignore-invalid\]/);
});

test("a guide's blocks are checked where they stand", () => {
  const guide =
    `# Guide\n\n\`docker-compose.yml\`:\n\n\`\`\`yaml\n${compose("app")}\`\`\`\n\n` +
    `\`prometheus.yml\`:\n\n\`\`\`yaml\n${prometheus()}\`\`\`\n`;
  const found = check(folderWith({ "guide.md": guide }), "guide.md");
  assert.equal(found.code, 10, found.stderr);
  assert.match(found.stdout, /at {3}guide\.md:\d+ \(prometheus\.yml\)/);
});

test("a declaration that is seen is named, and its program is not run", () => {
  const root = folderWith({
    ...broken,
    "system.ts":
      `import { writeFileSync } from "node:fs";\nimport { service } from "seaworthy";\n` +
      `writeFileSync("was-run", String(service));\n`,
  });
  const found = check(root, ".");
  assert.match(found.stderr, /system\.ts is a declaration: seaworthy check -s system\.ts/);
  assert.ok(!existsSync(join(root, "was-run")));
});

test("SARIF and workflow commands name files from the working folder on", () => {
  const root = folderWith({
    "deploy/compose.yml": compose("app"),
    "deploy/prometheus.yml": prometheus(),
  });
  const sarif = check(root, "deploy", "--sarif");
  assert.equal(sarif.code, 10);
  assert.match(sarif.stdout, /"uri": "deploy\/prometheus\.yml"/);
  assert.match(
    check(root, "deploy", "--github").stdout,
    /^::error file=deploy\/prometheus\.yml,line=4,/m,
  );
  assert.equal(check(root, "deploy", "--sarif", "--github").code, 2);
});

test("what is ignored with a reason, or known, does not fail; what is new does", () => {
  const root = folderWith({
    ...broken,
    "prometheus.yml": prometheus(`      # seaworthy ignore ${RULE}: comes next week\n`),
  });
  const ignored = check(root, ".");
  assert.equal(ignored.code, 0, ignored.stdout);
  assert.match(ignored.stderr, /1 ignored, with a reason/);
  writeFileSync(join(root, "prometheus.yml"), prometheus());
  assert.equal(check(root, ".", "--write-baseline", "known.json").code, 0);
  const known = check(root, ".", "--baseline", "known.json");
  assert.equal(known.code, 0, known.stdout);
  writeFileSync(join(root, "prometheus.yml"), prometheus("\n\n"));
  assert.equal(check(root, ".", "--baseline", "known.json").code, 0, "lines moved");
  writeFileSync(join(root, "prometheus.yml"), prometheus().replace("ap:", "bp:"));
  assert.equal(check(root, ".", "--baseline", "known.json").code, 10);
  assert.equal(check(root, ".", "--baseline", "nowhere.json").code, 2);
});

test("what a rule can mend is shown, then mended and checked again", () => {
  const budget =
    "# ours\r\napiVersion: policy/v1beta1\r\nkind: PodDisruptionBudget\r\n" +
    "metadata:\r\n  name: shop\r\nspec:\r\n  maxUnavailable: 1\r\n" +
    "  selector:\r\n    matchLabels: {app: shop}\r\n";
  const root = folderWith({ "budget.yaml": budget });
  const text = () => readFileSync(join(root, "budget.yaml"), "utf8");
  const shown = check(root, ".", "--dry-run", "--no-native");
  assert.equal(shown.code, 10, shown.stderr);
  assert.match(shown.stderr, /^-apiVersion: policy\/v1beta1.*\n\+apiVersion: policy\/v1\b/m);
  assert.match(shown.stderr, /1 finding\(s\) would be mended; nothing was written/);
  assert.equal(text(), budget);
  const mended = check(root, ".", "--fix", "--no-native");
  assert.match(mended.stderr, /^mended budget\.yaml$/m);
  assert.equal(mended.code, 0, mended.stdout);
  assert.equal(text(), budget.replace("v1beta1", "v1"));
});

test("rules that ask catalogues, and installed programs, can be left out", () => {
  const root = folderWith(broken);
  const all = printed(check(root, ".", "--json").stdout);
  const fewer = printed(check(root, ".", "--json", "--no-catalogues", "--no-native").stdout);
  assert.ok(all.some(({ rule }) => rule === RULE));
  assert.ok(fewer.length <= all.length);
  assert.ok(fewer.every(({ confirmedBy }) => confirmedBy === undefined));
});

test("what is meant for files is refused for a declaration, what is nowhere is refused", () => {
  const root = folderWith({ "system.yaml": "name: shop\nservices: {}\n" });
  assert.equal(check(root, "--sarif").code, 2);
  assert.equal(check(root, "nowhere").code, 2);
});

test("a hostile tree is read in time and not left", { timeout: 120_000 }, () => {
  const root = folderWith({
    "a.yml": `services:\n  a: {image: x, command: "${"a".repeat(1_900_000)}"}\n`,
    "b.yml": "a".repeat(10_000_000),
    "c.yml": `${"[".repeat(100_000)}\n`,
    "d.yml": `x: &x [${"*x,".repeat(1_000)}]\n`,
    "e.sh": `#!/bin/sh\n${"$(".repeat(50_000)}\n`,
    "f.conf": `${"server {".repeat(50_000)}\n`,
    "g.yml": "services:\n  a:\n    image: \u0001\u001b[31mred\n",
    "h.yml": "services:\n  a: &a\n    <<: *a\n",
  });
  symlinkSync("/etc/passwd", join(root, "passwd.yml"));
  symlinkSync(".", join(root, "ring"));
  const found = check(root, ".", "--notes", "--no-native");
  assert.ok(found.code === 0 || found.code === 10, found.stderr);
  assert.ok(!`${found.stdout}${found.stderr}`.includes("\u001b"));
  assert.match(found.stdout, /passwd\.yml was not read: a link that leaves the folder/);
  assert.match(found.stdout, /b\.yml was not read: is larger than 2 MB/);
});
