import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { interruptsFrom } from "./interrupts.ts";

test("the first Ctrl-C asks for a safe point, the second aborts", () => {
  const signals = new EventEmitter();
  const notices: string[] = [];
  const interrupts = interruptsFrom(signals, (text) => notices.push(text));
  assert.equal(interrupts.stopRequested(), false);
  signals.emit("SIGINT");
  assert.equal(interrupts.stopRequested(), true);
  assert.equal(interrupts.abort.aborted, false);
  signals.emit("SIGINT");
  assert.equal(interrupts.abort.aborted, true);
  signals.emit("SIGINT");
  assert.equal(notices.length, 2);
});
