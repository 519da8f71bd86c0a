import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "./event.ts";
import { historyOf } from "./history.ts";
import type { JournalEntry } from "./journal.ts";

const at = (second: number): string => `2026-11-20T10:00:0${second}.000Z`;
const change = { unit: "api", from: "r1", to: "r2", replicas: 3 };

const begun = (operation: string, second: number): JournalEntry => ({
  ...{ entry: "begin", operation, verb: "deploy", at: at(second), changes: [change] },
});

test("an operation is told from its beginning, its end and what it took", () => {
  const ended: Event = {
    ...{ kind: "operation-ended", at: at(3), operation: "deploy-aa" },
    ...{ outcome: "rolled-back", because: "5 of 100 failed", tookMs: 2_000 },
  };
  const [one] = historyOf([begun("deploy-aa", 1)], [ended]);
  assert.deepEqual(one, {
    ...{ operation: "deploy-aa", verb: "deploy", at: at(1), outcome: "rolled-back" },
    ...{ because: "5 of 100 failed", tookMs: 2_000, changes: [change] },
  });
});

test("what never ended is open, and the order is that of the beginnings", () => {
  const end: JournalEntry = {
    ...{ entry: "end", operation: "up-0c", at: at(5), outcome: "done", because: "" },
  };
  const past = historyOf([begun("deploy-bb", 4), begun("up-0c", 2), end], []);
  assert.deepEqual(
    past.map(({ operation, outcome }) => [operation, outcome]),
    [
      ["up-0c", "done"],
      ["deploy-bb", "open"],
    ],
  );
});

test("a drill is known by its verdicts; events alone are enough", () => {
  const drill = (phase: "inject" | "verdict", detail: string): Event => ({
    ...{ kind: "drill", at: at(1), operation: "drill-1f", drill: "kill-instance", phase, detail },
  });
  const [one] = historyOf([], [drill("inject", "api-1"), drill("verdict", "errors held")]);
  assert.deepEqual([one?.verb, one?.outcome], ["drill", "done"]);
  assert.match(one?.because ?? "", /kill-instance errors held/);
});
