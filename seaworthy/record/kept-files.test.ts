import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as expected from "./fixtures/v1/expected.ts";
import { decodeLines, encodeLine, RecordDamaged, RecordTooNew } from "./line.ts";
import { parseFaultHandle, parseRecord, parseStep } from "./read.ts";
import { schemaOf } from "./schema-parts.ts";
import { z } from "zod";

const KINDS = ["journal", "event", "evidence", "release"] as const;

function kept(kind: (typeof KINDS)[number]): string {
  return readFileSync(new URL(`./fixtures/v1/${kind}.ndjson`, import.meta.url), "utf8");
}

function value<Value>(
  parsed: { readonly ok: true; readonly value: Value } | { readonly ok: false; error: string },
): Value {
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.error);
  return parsed.value;
}

for (const kind of KINDS) {
  test(`reads the kept ${kind} file of version 1 exactly`, () => {
    const { records, torn } = decodeLines(kept(kind), kind);
    assert.equal(torn, undefined);
    const bodies = records.map((body) => value(parseRecord(kind, body)));
    assert.deepEqual(bodies, [...expected[kind]]);
  });

  test(`still writes the ${kind} lines that version 1 kept`, () => {
    const lines = expected[kind].map((body) => encodeLine(kind, body));
    assert.equal(lines.join(""), kept(kind));
  });

  test(`refuses a ${kind} file whose line says version 2`, () => {
    const [line = ""] = kept(kind).split("\n");
    // A future writer would put its own checksum; the one that lacks it is no less too new.
    const future = `${line.slice(0, line.lastIndexOf(',"sum"')).replace('"v":1', '"v":2')}}\n`;
    assert.throws(() => decodeLines(kept(kind) + future, kind), RecordTooNew);
  });
}

test("every kind of step, event and journal entry is in the kept files", () => {
  const steps = expected.journal.flatMap((entry) => (entry.entry === "intent" ? [entry.step] : []));
  assert.equal(new Set(steps.map((step) => step.action)).size, 12);
  assert.equal(new Set(expected.journal.map((entry) => entry.entry)).size, 6);
  assert.equal(new Set(expected.event.map((event) => event.kind)).size, 9);
  for (const step of steps)
    assert.deepEqual(value(parseStep(JSON.parse(JSON.stringify(step)))), step);
});

test("ignores a field that version 1 did not have", () => {
  const [body] = decodeLines(kept("release"), "release").records;
  const wider = { ...(typeof body === "object" ? body : {}), signedBy: "somebody" };
  const [read] = decodeLines(encodeLine("release", wider), "release").records;
  assert.deepEqual(value(parseRecord("release", read)), expected.release[0]);
});

test("refuses a body that is not of its type, and says where", () => {
  const step = parseStep({ action: "explode", unit: "api" });
  assert.equal(step.ok, false);
  const release = parseRecord("release", { ...expected.release[0], id: "../../etc" });
  assert.match(release.ok ? "" : release.error, /^id: /);
  const fault = parseFaultHandle({ id: "f", fault: { kind: "kill" }, processes: [] });
  assert.match(fault.ok ? "" : fault.error, /^fault\.instance: /);
});

test("a schema that lacks a member of its union does not compile", () => {
  type Colour = "red" | "green";
  // @ts-expect-error "green" is missing: this line is the planted violation
  schemaOf<Colour>()(z.enum(["red"]));
  schemaOf<Colour>()(z.enum(["red", "green"]));
});

test("a file of one kind holds no line of another", () => {
  assert.throws(() => decodeLines(kept("event"), "journal"), RecordDamaged);
});
