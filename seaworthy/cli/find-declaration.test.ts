import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Refusal } from "./failure.ts";
import { findDeclaration } from "./find-declaration.ts";

const root = mkdtempSync(join(tmpdir(), "seaworthy-find-"));
mkdirSync(join(root, "orders"));
mkdirSync(join(root, "empty"));
writeFileSync(join(root, "system.ts"), "");
writeFileSync(join(root, "orders", "system.yaml"), "");
after(() => rmSync(root, { recursive: true }));

const find = (positionals: readonly string[], system?: string) =>
  findDeclaration(positionals, { system, cwd: root });

test("a first positional that is a folder with a declaration is the system", () => {
  assert.deepEqual(find(["orders", "api"]), {
    declaration: join(root, "orders", "system.yaml"),
    rest: ["api"],
  });
});

test("a first positional that is no declaration belongs to the verb", () => {
  assert.deepEqual(find(["router"]), { declaration: join(root, "system.ts"), rest: ["router"] });
});

test("-s always wins", () => {
  assert.deepEqual(find(["orders"], "system.ts"), {
    declaration: join(root, "system.ts"),
    rest: ["orders"],
  });
});

test("a named file that is not there is exit 2, with what to do", () => {
  for (const wrong of [
    () => find(["other.ts"]),
    () => find([], "other"),
    () => find([], "empty"),
  ]) {
    assert.throws(
      wrong,
      (error) => error instanceof Refusal && error.exitCode === 2 && error.fix !== undefined,
    );
  }
});

test("no declaration anywhere is exit 2", () => {
  assert.throws(
    () => findDeclaration(["router"], { system: undefined, cwd: join(root, "empty") }),
    /no declaration here/,
  );
});
