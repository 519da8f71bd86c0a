import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { readOneFile, readTree } from "./read-tree.ts";

const made: string[] = [];
after(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

function folderWith(files: Readonly<Record<string, string | Buffer>>): string {
  const root = mkdtempSync(join(tmpdir(), "seaworthy-tree-"));
  made.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const pathsOf = (root: string) => readTree(root).tree.files.map(({ path }) => path);

test("text is read, what tools made or tests use is not, and all of it is there", () => {
  const root = folderWith({
    "compose.yml": "services: {}\n",
    ".env": "A=1\n",
    "app/main.ts": "x\n",
    "node_modules/p/compose.yml": "services: {}\n",
    "examples/one/compose.yml": "services: {}\n",
    "app/test-runner/run.ts": "x\n",
    "app/__tests__/run.ts": "x\n",
    "tools/env/pyvenv.cfg": "home = /usr\n",
    "tools/env/bin/run.sh": "x\n",
    "logo.png": Buffer.from([1, 0, 2]),
    "odd.conf": Buffer.from([65, 0, 66]),
    ".gitignore": "data/\n",
    "data/x.yml": "a: 1\n",
  });
  const { tree, sideFolders } = readTree(root);
  assert.deepEqual(
    tree.files.map(({ path }) => path),
    [".env", ".gitignore", "compose.yml", "app/main.ts", "app/test-runner/run.ts"],
  );
  assert.deepEqual(sideFolders, [
    { path: "app/__tests__", files: 1 },
    { path: "examples", files: 1 },
  ]);
  for (const path of ["logo.png", "app", "node_modules/p/any", "examples/one/compose.yml"]) {
    assert.ok(tree.has(path), path);
  }
  assert.ok(!tree.has("certs/tls.pem"));
  assert.ok(tree.isIgnored("data/y"));
  assert.ok(!tree.isIgnored("app/main.ts"));
  assert.deepEqual(tree.unread, []);
});

test("a byte order mark is no text", () => {
  const { tree } = readTree(folderWith({ "a.yml": "\uFEFFa: 1\n" }));
  assert.equal(tree.files[0]?.text, "a: 1\n");
});

test("links are not followed: out of the folder, in a ring, to nothing", () => {
  const outside = folderWith({ "secret.yml": "password: 1\n" });
  const root = folderWith({ "in/a.yml": "a: 1\n" });
  symlinkSync(join(outside, "secret.yml"), join(root, "out.yml"));
  symlinkSync(outside, join(root, "out"));
  symlinkSync("..", join(root, "in", "ring"));
  symlinkSync("gone", join(root, "nowhere"));
  symlinkSync("self", join(root, "self"));
  symlinkSync("in/a.yml", join(root, "same.yml"));
  const { tree } = readTree(root);
  assert.deepEqual(
    tree.files.map(({ path }) => path),
    ["in/a.yml"],
  );
  assert.deepEqual(
    tree.unread.map(({ path }) => path),
    ["nowhere", "out", "out.yml", "self"],
  );
  assert.ok(tree.has("same.yml"));
  assert.ok(tree.has("in/ring/in/a.yml"));
});

test("what is too large, too many or too deep is left out and said", () => {
  const root = folderWith({
    "large.yml": "a".repeat(2_000_001),
    "a.yml": "a",
    "b.yml": "b",
    "c.ts": "c",
  });
  assert.deepEqual(readTree(root).tree.unread, [
    { path: "large.yml", because: "is larger than 2 MB" },
  ]);
  const few = readTree(root, { files: 2 });
  assert.deepEqual(
    few.tree.files.map(({ path }) => path),
    ["a.yml", "b.yml"],
  );
  assert.ok(few.isCut);
  assert.match(
    few.tree.unread.at(-1)?.because ?? "",
    /2 files were not read: the limit is 2 files/,
  );
  assert.match(readTree(root, { bytes: 1 }).tree.unread.at(-1)?.because ?? "", /limit is 1 bytes/);
  assert.match(readTree(root, { entries: 2 }).tree.unread.at(-1)?.because ?? "", /the walk ended/);
  const deep = folderWith({ [`${"d/".repeat(60)}a.yml`]: "a" });
  assert.match(readTree(deep).tree.unread[0]?.because ?? "", /folders deep/);
});

test("a file that may not be read is said, whoever asks", () => {
  // Root reads everything, so it asks as nobody, where nobody gets in.
  const isRoot = process.getuid?.() === 0;
  const root = mkdtempSync(isRoot ? "/tmp/seaworthy-shut-" : join(tmpdir(), "seaworthy-shut-"));
  try {
    writeFileSync(join(root, "a.yml"), "a: 1\n");
    chmodSync(join(root, "a.yml"), 0);
    chmodSync(root, 0o755);
    if (isRoot) process.seteuid?.(65_534);
    const { tree } = readTree(root);
    assert.match(tree.unread[0]?.because ?? "", /EACCES/);
  } finally {
    if (isRoot) process.seteuid?.(0);
    rmSync(root, { recursive: true });
  }
});

test("what git ignores is read as a file and passed over as a folder", () => {
  const root = folderWith({ ".gitignore": ".env\nout\n", ".env": "A=1\n", "out/a.yml": "a: 1\n" });
  assert.deepEqual(pathsOf(root), [".env", ".gitignore"]);
});

test("a file named alone knows its neighbours and reads none", () => {
  const root = folderWith({ "compose.yml": "services: {}\n", "other.yml": "a: 1\n" });
  const { tree } = readOneFile(join(root, "compose.yml"));
  assert.deepEqual(
    tree.files.map(({ path }) => path),
    ["compose.yml"],
  );
  assert.ok(tree.has("other.yml"));
  assert.ok(!tree.has("../etc"));
  assert.match(tree.unread[0]?.because ?? "", /only compose\.yml was named/);
});
