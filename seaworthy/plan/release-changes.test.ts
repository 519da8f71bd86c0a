import assert from "node:assert/strict";
import { test } from "node:test";
import type { Release } from "../record/release.ts";
import { releaseChanges } from "./release-changes.ts";

function aRelease(change: Partial<Release> = {}): Release {
  return {
    id: "r1",
    unit: "api",
    createdAt: "2026-01-01T00:00:00.000Z",
    program: { path: "/usr/bin/node", identity: "node 24.21.0" },
    argv: ["node", "main.ts"],
    filesHash: "a".repeat(64),
    fileCount: 3,
    environmentHash: "e",
    secretVersions: { TOKEN: 1 },
    from: "apps/api",
    ...change,
  };
}

test("a rotated secret shows as its version, content and program as what differs", () => {
  const after = aRelease({
    secretVersions: { TOKEN: 2, KEY: 1 },
    filesHash: "b".repeat(64),
    program: { path: "/usr/bin/node", identity: "node 24.22.0" },
  });
  assert.deepEqual(releaseChanges(aRelease(), after), [
    { path: "files", from: "3 files, aaaaaaaaaaaa", to: "3 files, bbbbbbbbbbbb" },
    { path: "program", from: "node 24.21.0", to: "node 24.22.0" },
    { path: "secrets.KEY", from: undefined, to: "version 1" },
    { path: "secrets.TOKEN", from: "version 1", to: "version 2" },
  ]);
});

test("the same content, or a release nobody remembers, shows nothing", () => {
  assert.deepEqual(releaseChanges(aRelease(), aRelease({ id: "r2" })), []);
  assert.deepEqual(releaseChanges(undefined, aRelease()), []);
});
