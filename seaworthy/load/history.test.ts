import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { audit, parseLedger, type Ledger } from "./history.ts";
import type { Sample } from "./load.ts";
import { aSample } from "./sample.fixture.ts";

function aWrite(index: number, outcome: Sample["outcome"]): Sample {
  return aSample({ index, class: "unsafe", outcome, write: `r1-${index}` });
}

const samples = [aWrite(1, "ok"), aWrite(2, "ok"), aWrite(3, "unknown"), aWrite(4, "failed")];
const holding = (entries: Readonly<Record<string, number>>): Ledger =>
  new Map(Object.entries(entries));

describe("the audit of writes", () => {
  test("finds nothing where what was acknowledged is there once", () => {
    const result = audit({ run: "r1", samples, ledger: holding({ "r1-1": 1, "r1-2": 1 }) });
    assert.deepEqual(result.writes, {
      ok: 2,
      failed: 1,
      unknown: 1,
      lost: 0,
      doubled: 0,
      unknownApplied: 0,
    });
    assert.deepEqual(result.phantom, []);
  });

  test("an acknowledged write that is missing is lost", () => {
    const result = audit({ run: "r1", samples, ledger: holding({ "r1-1": 1 }) });
    assert.equal(result.writes.lost, 1);
    assert.deepEqual(result.lost, ["r1-2"]);
  });

  test("a write applied twice is doubled, also when its answer never came", () => {
    const ledger = holding({ "r1-1": 2, "r1-2": 1, "r1-3": 2 });
    const result = audit({ run: "r1", samples, ledger });
    assert.equal(result.writes.doubled, 2);
    assert.deepEqual(result.doubled, ["r1-1", "r1-3"]);
    assert.equal(result.writes.unknownApplied, 1);
  });

  test("an unknown write may be there or not: neither is a fault", () => {
    const with3 = audit({
      run: "r1",
      samples,
      ledger: holding({ "r1-1": 1, "r1-2": 1, "r1-3": 1 }),
    });
    assert.deepEqual([with3.writes.lost, with3.writes.doubled], [0, 0]);
    assert.equal(with3.writes.unknownApplied, 1);
  });

  test("a refused write that took effect, and one never sent, are phantoms", () => {
    const ledger = holding({ "r1-1": 1, "r1-2": 1, "r1-4": 1, "r1-99": 1 });
    assert.deepEqual(audit({ run: "r1", samples, ledger }).phantom, ["r1-4", "r1-99"]);
  });

  test("writes of earlier runs are none of its business", () => {
    const ledger = holding({ "r1-1": 1, "r1-2": 1, "r0-1": 5, "r10-7": 1 });
    const result = audit({ run: "r1", samples, ledger });
    assert.deepEqual([result.writes.doubled, result.phantom], [0, []]);
  });

  test("what is no ledger is refused with its line", () => {
    assert.deepEqual(parseLedger('{"id":"a","times":1}\n<html>'), {
      ok: false,
      error: 'line 2 of the history is no {"id","times"}',
    });
    assert.equal(parseLedger('{"id":"a","times":-1}').ok, false);
  });

  test("an id said on two lines counts both", () => {
    const ledger = parseLedger('{"id":"a","times":1}\n\n{"id":"a","times":1}\n');
    assert.equal(ledger.ok && ledger.value.get("a"), 2);
  });
});
