import assert from "node:assert/strict";
import { test } from "node:test";
import type { FaultHandle } from "./fault.ts";
import type { JournalEntry } from "./journal.ts";
import { openFaults, underWay } from "./under-way.ts";

function aFault(id: string): FaultHandle {
  const fault = { kind: "freeze", instance: "api-1", forMs: 1_000 } as const;
  return { id, fault, processes: [], undoByWallMs: 0 };
}

function journalled(id: string): JournalEntry {
  return { entry: "fault", operation: "drill-1", fault: aFault(id) };
}

function undone(faultId: string): JournalEntry {
  return { entry: "fault-undone", operation: "drill-1", faultId, how: "seen running" };
}

test("a fault stays open until its own undo is journalled", () => {
  const open = openFaults([journalled("a"), journalled("b"), undone("a"), undone("x")]);
  assert.deepEqual(open, [aFault("b")]);
  assert.deepEqual(openFaults([journalled("a"), undone("a")]), []);
  assert.deepEqual(openFaults([]), []);
});

const BEGIN: JournalEntry = {
  ...{ entry: "begin", operation: "up-1", verb: "up", at: "2026-11-20T00:00:00Z", changes: [] },
};
const END: JournalEntry = {
  ...{ entry: "end", operation: "up-1", at: "2026-11-20T00:00:09Z", outcome: "done", because: "" },
};

test("an operation is under way until its end is journalled; of a drill its faults say so", () => {
  assert.equal(underWay([]), undefined);
  assert.equal(underWay([BEGIN, END]), undefined);
  const { at: since } = BEGIN;
  assert.deepEqual(underWay([END, BEGIN]), { operation: "up-1", verb: "up", since, faults: [] });
  const drill = { operation: "drill-1", verb: "drill", since: undefined, faults: [aFault("a")] };
  assert.deepEqual(underWay([BEGIN, END, journalled("a")]), drill);
  assert.equal(underWay([BEGIN, END, journalled("a"), undone("a")]), undefined);
});
