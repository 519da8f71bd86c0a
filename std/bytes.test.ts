import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatBytes, parseBytes } from "./bytes.ts";

for (const [text, bytes] of [
  ["0B", 0],
  ["512MiB", 536_870_912],
  ["1.5GB", 1_500_000_000],
  ["1.5KiB", 1_536],
  ["2TiB", 2_199_023_255_552],
] as const) {
  test(`${text} is ${bytes} bytes`, () => {
    deepStrictEqual(parseBytes(text), { ok: true, value: bytes });
  });
}

for (const text of [
  "",
  "512",
  "512 MiB",
  "-1B",
  "1e9B",
  "0.5B",
  "1mib",
  "99999999TiB",
  "1.B",
  "∞B",
]) {
  test(`${JSON.stringify(text)} is refused by its own text`, () => {
    const parsed = parseBytes(text);
    strictEqual(parsed.ok, false);
    if (!parsed.ok) strictEqual(parsed.error.startsWith(JSON.stringify(text)), true);
  });
}

test("every size is read back from what it is shown as", () => {
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
      deepStrictEqual(parseBytes(formatBytes(bytes)), { ok: true, value: bytes });
    }),
  );
});

test("a round size is shown in its greatest unit", () => {
  deepStrictEqual([0, 1_023, 1_024, 1_048_576, 1_048_577].map(formatBytes), [
    "0B",
    "1023B",
    "1KiB",
    "1MiB",
    "1048577B",
  ]);
});
