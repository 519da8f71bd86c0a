import assert from "node:assert/strict";
import { test } from "node:test";
import type { JournalEntry } from "./journal.ts";
import type { StepResult } from "./step.ts";
import { provedOf } from "./taken-back.ts";

const DONE: StepResult = { outcome: "done" };
const AT = "2026-11-20T00:00:00.000Z";

/** `deploy b`, `rollback a` …: an operation that committed this of `api`; `down` removed it. */
function told(words: readonly string[], lastResult: StepResult | undefined = DONE) {
  return words.flatMap((text, index): readonly JournalEntry[] => {
    const [verb = "", release = "", unit = "api"] = text.split(" ");
    const operation = `${verb}-${index}`;
    const step =
      verb === "down"
        ? ({ action: "remove", unit } as const)
        : ({ action: "commit", unit, release } as const);
    const result = index === words.length - 1 ? lastResult : DONE;
    return [
      { entry: "begin", operation, verb, at: AT, changes: [] },
      { entry: "intent", operation, stepId: 1, step },
      ...(result === undefined ? [] : [{ entry: "result", operation, stepId: 1, result } as const]),
    ];
  });
}

function takenBack(words: readonly string[], committed?: string, lastResult?: StepResult): string {
  const { takenBack: all } = provedOf(told(words, lastResult), { name: "api", committed });
  return [...all].map((pair) => pair.join(">")).join(" ");
}

test("what a rollback went away from is taken back, until somebody deploys it again", () => {
  assert.equal(takenBack(["up a", "deploy b"]), "");
  assert.equal(takenBack(["up a", "deploy b", "rollback a"]), "b>a");
  assert.equal(takenBack(["up a", "deploy b", "rollback a", "deploy c"]), "b>a");
  assert.equal(takenBack(["up a", "deploy b", "rollback a", "up b"]), "");
  assert.equal(takenBack(["up a", "deploy b", "deploy a"]), "", "a deploy goes where it is told");
});

test("a rollback to what was taken back, by its name, takes back what it went away from", () => {
  assert.equal(takenBack(["up a", "deploy b", "rollback a", "rollback b"]), "a>b");
  const twice = ["up a", "deploy b", "rollback a", "deploy c", "rollback a"];
  assert.equal(takenBack(twice), "b>a c>a");
});

test("what was removed is forgotten, and other units have histories of their own", () => {
  assert.equal(takenBack(["up a", "deploy b", "rollback a", "down", "up c"]), "");
  assert.equal(takenBack(["up a", "deploy b", "rollback a web"]), "");
});

test("a commit that nobody saw end happened if it is what is committed now", () => {
  const words = ["up a", "deploy b", "rollback a"];
  const unseen = (committed: string) => {
    const journal = told(words).filter(
      (entry) => !(entry.entry === "result" && entry.operation === "rollback-2"),
    );
    return provedOf(journal, { name: "api", committed });
  };
  assert.deepEqual([...unseen("a").takenBack], [["b", "a"]]);
  assert.deepEqual([...unseen("b").takenBack], []);
  const failed: StepResult = { outcome: "failed", because: "no", detail: [] };
  assert.equal(takenBack(words, "a", failed), "");
});

/** The beginning says what served, and what the unit goes to. */
const meant = (journal: readonly JournalEntry[], [operation, from, to]: [string, string, string]) =>
  journal.map((entry) =>
    entry.entry === "begin" && entry.operation === operation
      ? { ...entry, changes: [{ unit: "api", from, to, replicas: 2 }] }
      : entry,
  );
const unseen = (journal: readonly JournalEntry[], operation: string) =>
  journal.filter((entry) => !(entry.entry === "result" && entry.operation === operation));

test("what served when a rollback began is taken back, whoever died when it was committed", () => {
  const journal = told(["up a", "deploy b", "rollback a"]);
  const unit = { name: "api", committed: "a" };
  const died = unseen(journal, "deploy-1");
  assert.deepEqual([...provedOf(died, unit).takenBack], [["b", "a"]]);
  const never = journal.filter(({ operation }) => operation !== "deploy-1");
  const served = meant(never, ["rollback-2", "b", "a"]);
  assert.deepEqual([...provedOf(served, unit).takenBack], [["b", "a"]]);
  const later = unseen(told(["up a", "deploy b", "rollback a", "deploy c"]), "rollback-2");
  const all = provedOf(later, { name: "api", committed: "c" });
  assert.deepEqual([...all.takenBack], [["b", "a"]], "nobody saw the rollback end");
});

test("what is gone to again with no need to commit it is not taken back", () => {
  // The rollback died before its commit took effect: b is committed all along.
  const words = ["up a", "deploy b", "rollback a", "up b web", "deploy c"];
  const begun = meant(unseen(told(words), "rollback-2"), ["up-3", "a", "b"]);
  const operation = "up-3";
  const end = (outcome: "done" | "rolled-back"): JournalEntry[] => {
    const at = begun.findIndex(
      (entry) => entry.entry === "begin" && entry.operation === "deploy-4",
    );
    const ended = { entry: "end", operation, at: AT, outcome, because: "" } as const;
    return [...begun.slice(0, at), ended, ...begun.slice(at)];
  };
  const unit = { name: "api", committed: "c" };
  assert.deepEqual([...provedOf(end("done"), unit).takenBack], []);
  assert.deepEqual([...provedOf(end("rolled-back"), unit).takenBack], [["b", "a"]]);
});

test("knows what was ever committed, the latest last", () => {
  const { releases } = provedOf(told(["up a", "deploy b", "rollback a"]), {
    name: "api",
    committed: "a",
  });
  assert.deepEqual(releases, ["b", "a"]);
});
