import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { humanPercent, parseFactor, parsePercent, parseRate } from "./ratio.ts";

test("a percentage is the nearest number to what was written", () => {
  for (const [text, value] of [
    ["99.9%", 0.999],
    ["0.1%", 0.001],
    ["0%", 0],
    ["100%", 1],
    ["99.999%", 0.99999],
  ] as const) {
    deepStrictEqual(parsePercent(text), { ok: true, value });
  }
});

test("a rate is per second", () => {
  deepStrictEqual(parseRate("200/s"), { ok: true, value: 200 });
  deepStrictEqual(parseRate("120/min"), { ok: true, value: 2 });
  deepStrictEqual(parseRate("3600/h"), { ok: true, value: 1 });
  deepStrictEqual(parseFactor("1.5x"), { ok: true, value: 1.5 });
});

for (const text of ["", "99.9", "100.1%", "-1%", "1e2%", "99.9 %", "%"]) {
  test(`${JSON.stringify(text)} is no percentage`, () => {
    strictEqual(parsePercent(text).ok, false);
  });
}

for (const text of ["", "200", "200/sec", "-1/s", "1/d", "/s"]) {
  test(`${JSON.stringify(text)} is no rate`, () => strictEqual(parseRate(text).ok, false));
}

for (const text of ["", "2", "x", "-2x", "2X"]) {
  test(`${JSON.stringify(text)} is no factor`, () => strictEqual(parseFactor(text).ok, false));
}

test("a share is shown without trailing zeros and without 0.1 + 0.2", () => {
  strictEqual(humanPercent(0.001), "0.1 %");
  strictEqual(humanPercent(0.9990000000000001), "99.9 %");
  strictEqual(humanPercent(0), "0 %");
});
