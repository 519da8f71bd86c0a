import { deepStrictEqual, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly optionalDependencies?: object; readonly resolved?: string }>
  >;
}

const lock: Lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));

test("the lock file names every platform's package, or `npm ci` refuses a fresh clone", () => {
  const optional = Object.values(lock.packages).flatMap((entry) =>
    Object.keys(entry.optionalDependencies ?? {}),
  );
  ok(optional.length > 0, "no optional package was found: this test looks at the wrong thing");
  deepStrictEqual(
    optional.filter((name) => lock.packages[`node_modules/${name}`] === undefined),
    [],
  );
});

test("the lock file names no registry: each machine asks its own", () => {
  const resolved = Object.values(lock.packages).map((entry) => entry.resolved ?? "");
  deepStrictEqual(
    resolved.filter((address) => address.includes("//")),
    [],
  );
});
