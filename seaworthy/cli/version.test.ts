import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { VERSION } from "./version.ts";

test("the version it prints is the package's", () => {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  assert.match(text, new RegExp(`"version": "${VERSION}"`));
});
