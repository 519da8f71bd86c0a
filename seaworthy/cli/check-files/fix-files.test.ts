import assert from "node:assert/strict";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { changeText, writeChange } from "./fix-files.ts";

const root = mkdtempSync(join(tmpdir(), "seaworthy-fix-"));
after(() => rmSync(root, { recursive: true }));
const full = (path: string) => join(root, path);
const change = { path: "a.sh", before: "a\nb\n", after: "a\nB\n" };

test("a file is replaced whole, with its mode and its byte order mark", () => {
  writeFileSync(full("a.sh"), "\uFEFFa\nb\n");
  chmodSync(full("a.sh"), 0o754);
  assert.equal(writeChange(root, change), undefined);
  assert.equal(readFileSync(full("a.sh"), "utf8"), "\uFEFFa\nB\n");
  assert.equal(statSync(full("a.sh")).mode & 0o777, 0o754);
  assert.deepEqual(readdirSync(root), ["a.sh"]);
});

test("what changed meanwhile, became a link or is mended by another run stays as it is", () => {
  writeFileSync(full("a.sh"), "other\n");
  assert.match(writeChange(root, change) ?? "", /changed while/);
  writeFileSync(full("a.sh"), change.before);
  symlinkSync("a.sh", full("link.sh"));
  assert.match(writeChange(root, { ...change, path: "link.sh" }) ?? "", /no regular file/);
  writeFileSync(full(".a.sh.seaworthy-fix"), "");
  assert.match(writeChange(root, change) ?? "", /EEXIST/);
  assert.equal(readFileSync(full("a.sh"), "utf8"), change.before);
  assert.match(writeChange(root, { ...change, path: "gone.sh" }) ?? "", /ENOENT/);
});

test("a change is shown as a diff without secrets", () => {
  const before = "1\n2\n3\npassword: Hunter2\n5\n6\n7\n";
  const shown = changeText({ path: "a.yml", before, after: before.replace("5\n", "five\nV\n") });
  assert.deepEqual(shown, [
    "--- a.yml",
    "+++ a.yml",
    "@@ -3,5 +3,6 @@",
    " 3",
    " password: •••",
    "-5",
    "+five",
    "+V",
    " 6",
    " 7",
  ]);
});
