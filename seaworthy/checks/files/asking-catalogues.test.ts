import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { ASKING } from "./asking-catalogues.ts";
import { FILE_RULES } from "./files.ts";

const FOLDER = import.meta.dirname;

/** Everything of this folder that a file imports, itself included. */
function imported(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file) || !existsSync(file)) return seen;
  seen.add(file);
  for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/from "(\.[^"]+)"/g)) {
    const full = join(dirname(file), path);
    if (full.includes("/catalogues/") || !relative(FOLDER, full).startsWith("..")) {
      if (full.includes("/catalogues/")) seen.add(full);
      else imported(full, seen);
    }
  }
  return seen;
}

test("the rules that ask catalogues are known by name", () => {
  const sources = globSync("*/*.ts", { cwd: FOLDER })
    .filter((path) => !path.endsWith(".test.ts"))
    .map((path) => join(FOLDER, path));
  const names = FILE_RULES.map(({ name }) => name);
  const asking = sources.flatMap((file) => {
    const text = readFileSync(file, "utf8");
    const own = names.filter((name) => text.includes(`name: "${name}"`));
    const asks = [...imported(file)].some((path) => path.includes("/catalogues/"));
    return asks ? own : [];
  });
  assert.deepEqual([...ASKING].toSorted(), asking.toSorted());
});
