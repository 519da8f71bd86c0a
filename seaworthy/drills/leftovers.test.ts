import assert from "node:assert/strict";
import { test } from "node:test";
import type { FaultHandle } from "../record/fault.ts";
import type { JournalEntry } from "../record/journal.ts";
import { openFaults } from "./leftovers.ts";

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
