import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, humanDuration, parseDuration } from "./duration.ts";

const TEN_YEARS_MS = 10 * 365 * 86_400_000;

for (const [text, ms] of [
  ["0s", 0],
  ["250ms", 250],
  ["0.5ms", 0.5],
  ["1.5s", 1_500],
  ["2.007s", 2_007],
  ["10m", 600_000],
  ["10min", 600_000],
  ["1h", 3_600_000],
  ["3650d", TEN_YEARS_MS],
] as const) {
  test(`${text} is ${ms} ms`, () => {
    deepStrictEqual(parseDuration(text), { ok: true, value: ms });
  });
}

for (const text of [
  "",
  "500",
  "5 parsecs",
  "5parsecs",
  "-1s",
  "1e99h",
  "1 s",
  "3651d",
  ".5s",
  "s",
]) {
  test(`${JSON.stringify(text)} is refused by its own text`, () => {
    const parsed = parseDuration(text);
    strictEqual(parsed.ok, false);
    if (!parsed.ok) strictEqual(parsed.error.startsWith(JSON.stringify(text)), true);
  });
}

test("every duration is read back from what it is shown as", () => {
  const microseconds = fc.nat({ max: 1_000_000_000 }).map((us) => us / 1_000);
  fc.assert(
    fc.property(fc.oneof(fc.nat({ max: TEN_YEARS_MS }), microseconds), (ms) => {
      deepStrictEqual(parseDuration(formatDuration(ms)), { ok: true, value: ms });
    }),
  );
});

test("a person reads the unit that fits, and never 1000 ms, 60.0 s or 60 s of a minute", () => {
  for (const [ms, text] of [
    [0, "0 ms"],
    [12.4, "12 ms"],
    [999.4, "999 ms"],
    [999.7, "1.0 s"],
    [1_234, "1.2 s"],
    [59_949, "59.9 s"],
    [59_999, "1 min 0 s"],
    [119_700, "2 min 0 s"],
    [185_000, "3 min 5 s"],
  ] as const) {
    strictEqual(humanDuration(ms), text);
  }
});
