import assert from "node:assert/strict";
import { test } from "node:test";
import type { JournalEntry } from "../../../record/journal.ts";
import { releasesToKeep } from "./housekeeping.ts";

/** `deploy b`, `rollback a` …: an operation that committed this of `api`. */
function told(words: readonly string[]): readonly JournalEntry[] {
  return words.flatMap((text, index): readonly JournalEntry[] => {
    const [verb = "", release = ""] = text.split(" ");
    const operation = `${verb}-${index}`;
    const step = { action: "commit", unit: "api", release } as const;
    return [
      { entry: "begin", operation, verb, at: "2026-11-20T00:00:00.000Z", changes: [] },
      { entry: "intent", operation, stepId: 1, step },
      { entry: "result", operation, stepId: 1, result: { outcome: "done" } },
    ];
  });
}

const kept = (committed: string, previous: string, words: readonly string[]): string => {
  const releases = { api: { committed, previous } };
  return [...new Set(releasesToKeep({ instances: {}, releases }, told(words)))].toSorted().join("");
};

test("the last committed releases are kept, without those that were taken back", () => {
  assert.equal(kept("a", "b", ["up a"]), "ab", "what the state names");
  assert.equal(kept("e", "d", ["up a", "deploy b", "deploy c", "deploy d", "deploy e"]), "cde");
  const twice = ["up a", "deploy b", "deploy c", "rollback b", "deploy d", "rollback b"];
  assert.equal(kept("b", "d", twice), "abd", "a is what is left to go to when b is bad too");
});
