import assert from "node:assert/strict";
import { test } from "node:test";
import { isIgnoredBy, matchesName, readIgnoreFile } from "./git-ignore.ts";

const top = readIgnoreFile(
  "",
  "# comment\n*.log\n!keep.log\n/only-top\nbuild/\ndocs/*.txt\n" +
    "**/cache/**\na/**/z\n\\#odd\n[ab].env\n",
);
const inner = readIgnoreFile("sub", "local.yml\n!*.log\n");

const CASES: readonly (readonly [path: string, isIgnored: boolean, isFolder?: boolean])[] = [
  ["app.log", true],
  ["deep/down/app.log", true],
  ["keep.log", false],
  ["only-top", true],
  ["sub/only-top", false],
  ["build", true, true],
  ["build", false],
  ["build/x.yml", true],
  ["docs/a.txt", true],
  ["docs/b/a.txt", false],
  ["x/cache/file", true],
  ["a/z", true],
  ["a/b/c/z", true],
  ["#odd", true],
  ["a.env", true],
  ["c.env", false],
  ["sub/local.yml", true],
  ["local.yml", false],
  ["sub/app.log", false],
  ["build/keep.log", true],
];

for (const [path, isIgnored, isFolder = false] of CASES) {
  test(`${path}${isFolder ? "/" : ""} is ${isIgnored ? "" : "not "}ignored`, () => {
    assert.equal(isIgnoredBy([top, inner], path, isFolder), isIgnored);
  });
}

test("a hostile pattern takes no time", () => {
  const started = performance.now();
  assert.equal(matchesName("*a".repeat(140), "a".repeat(10_000).concat("b")), false);
  const deep = readIgnoreFile("", "**/a/".repeat(50));
  assert.equal(isIgnoredBy([deep], "b/".repeat(60).concat("c"), false), false);
  assert.ok(performance.now() - started < 2_000);
});
