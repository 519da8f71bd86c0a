import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { BrokenInvariant } from "@seaworthy/std/assert";
import { decodeLines, encodeLine, RecordDamaged, RecordTooNew, scanLines } from "./line.ts";

const BODIES = [{ entry: "begin", text: "größer 🌊" }, { n: 0.30000000000000004 }, ["a\nb"]];
const WHOLE = Buffer.from(BODIES.map((body) => encodeLine("journal", body)).join(""));

test("gives back what was written, whatever JSON can hold", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), (bodies) => {
      const text = bodies.map((body) => encodeLine("event", body)).join("");
      const { records, torn } = decodeLines(text, "event");
      assert.equal(torn, undefined);
      assert.deepEqual(records, JSON.parse(JSON.stringify(bodies)));
    }),
    { numRuns: 50 },
  );
});

test("cut at any byte, loses only the line that was cut", () => {
  fc.assert(
    fc.property(fc.nat(WHOLE.length), (cut) => {
      const bytes = WHOLE.subarray(0, cut);
      const ended = bytes.lastIndexOf(0x0a) + 1;
      const { records, torn } = decodeLines(bytes.toString("utf8"), "journal");
      const lines = bytes.subarray(0, ended).toString("utf8").split("\n").length - 1;
      assert.deepEqual(records, BODIES.slice(0, lines));
      assert.deepEqual(torn?.line, ended === cut ? undefined : lines + 1);
    }),
    { numRuns: 400 },
  );
});

test("refuses a file in which any byte of a line that ended was changed", () => {
  fc.assert(
    fc.property(fc.nat(WHOLE.length - 2), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bytes = Buffer.from(WHOLE);
      bytes[at] = (bytes[at] ?? 0) ^ change;
      assert.throws(() => decodeLines(bytes.toString("utf8"), "journal"), RecordDamaged);
    }),
    { numRuns: 400 },
  );
});

test("says which line is damaged, why, and what mends it", () => {
  const lines = WHOLE.toString("utf8").split("\n");
  const text = [lines[0], lines[1]?.replace("0.3", "0.4"), lines[2], ""].join("\n");
  assert.throws(
    () => decodeLines(text, "journal"),
    (error) =>
      error instanceof RecordDamaged &&
      error.line === 2 &&
      error.reason === "its checksum does not match" &&
      error.fix === "seaworthy doctor --repair",
  );
  assert.deepEqual(
    scanLines(text, "journal").lines.map((line) => line.read.ok),
    [true, false, true],
  );
});

test("refuses an unknown newer version and names it", () => {
  const future = encodeLine("journal", {})
    .replace('{"v":1', '{"v":7')
    .replace(/,"sum".*/, "}");
  assert.throws(
    () => decodeLines(WHOLE.toString("utf8") + future, "journal"),
    (error) => error instanceof RecordTooNew && error.version === 7 && error.line === 4,
  );
});

test("refuses a newer version whose checksum holds", () => {
  const head = '{"v":2,"kind":"journal","body":{}';
  const sum = createHash("sha256").update(head).digest("hex").slice(0, 16);
  const text = `${head},"sum":"${sum}"}\n`;
  assert.throws(() => decodeLines(text, "journal"), RecordTooNew);
  assert.throws(() => decodeLines(text.replace("v", "w"), "journal"), RecordDamaged);
});

test("a newer version may look different altogether", () => {
  assert.throws(() => decodeLines('{"v":2,"t":"journal"}\n', "journal"), RecordTooNew);
  assert.throws(() => decodeLines('{"v":2,"kind":"journal"}\n', "journal"), RecordTooNew);
});

test("an empty line and a line of something else are damage", () => {
  for (const line of ["\n", "{}\n", "null\n", '{"v":1,"kind":"journal","body":1}\n', "\0\0\n"]) {
    assert.throws(() => decodeLines(line, "journal"), RecordDamaged);
  }
});

test("refuses to write what could not be read back", () => {
  assert.throws(() => encodeLine("event", { p95Ms: Number.NaN }), BrokenInvariant);
  assert.throws(() => encodeLine("event", undefined), BrokenInvariant);
});
