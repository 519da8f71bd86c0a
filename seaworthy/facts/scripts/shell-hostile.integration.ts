import assert from "node:assert/strict";
import { test } from "node:test";
import { readShell } from "./shell.ts";

/** A reader that takes squares of the length needs minutes; a busy machine, seconds. */
const HANG_MS = 30_000;

test("survives what no shell would read, in linear time", () => {
  const hostile = [
    '"$('.repeat(50_000),
    "((".repeat(100_000),
    "f() ".repeat(50_000),
    "if ".repeat(50_000),
    "`".repeat(100_001),
    "${a:-".repeat(50_000),
    "a=(".repeat(50_000),
    "cat <<EOF\n".repeat(20_000),
    "x | ".repeat(50_000),
    "x && ".repeat(50_000),
    `if a; then b\n${"elif a; then b\n".repeat(20_000)}`,
    "case x in ".repeat(20_000),
    "fi done ) } ;; esac\n".repeat(20_000),
    `echo ${"a".repeat(2_000_000)}`,
    "\u0000\uFFFF'",
  ];
  for (const text of hostile) {
    const started = performance.now();
    assert.ok(Array.isArray(readShell(text).commands));
    const took = performance.now() - started;
    assert.ok(took < HANG_MS, `${text.slice(0, 12)}… took ${took.toFixed(0)} ms`);
  }
});
