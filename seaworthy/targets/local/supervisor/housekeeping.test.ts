import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import type { JournalEntry } from "../../../record/journal.ts";
import { openRecordFiles } from "../record-files.ts";
import { openStateFolder } from "../state-folder.ts";
import { Housekeeping, releasesToKeep } from "./housekeeping.ts";
import { aLedger } from "./ledger.fixture.ts";
import { emptyState } from "./state.ts";

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

const ids = ["a", "b", "c", "d", "e", "f"].map((letter) => `r${letter.repeat(12)}`);
const [A, B, C, D, E, F] = ids;

/** Six releases that lie here for long; `E` and `D` are what the state names. */
async function aHouse(t: TestContext) {
  const home = await mkdtemp(join(tmpdir(), "seaworthy-house-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const place = { stateHome: home, runtimeHome: home, systemPath: home };
  const folder = await openStateFolder({ ...place, system: "orders", environment: undefined });
  for (const id of ids) {
    await mkdir(join(folder.releases, id));
    await utimes(join(folder.releases, id), 0, 0);
  }
  const releases = { api: { committed: E, previous: D } };
  const { ledger } = await aLedger(t, { ...emptyState("o"), releases });
  const store = openRecordFiles(folder.record);
  const words = [A, B, C, D, E].map((id) => `deploy ${id}`);
  for (const entry of told(words)) await store.append("journal", entry);
  const left = async (): Promise<readonly string[]> => (await readdir(folder.releases)).toSorted();
  return { house: { ledger, folder, clock: systemClock }, folder, left };
}

test("what was never committed or is too old goes, and the journal is read once", async (t) => {
  const { house, folder, left } = await aHouse(t);
  const housekeeping = new Housekeeping(house);
  await housekeeping.tidyUp();
  assert.deepEqual(await left(), [C, D, E], `${F} was never committed`);
  await writeFile(join(folder.record, "journal.ndjson"), "");
  await mkdir(join(folder.releases, ".tmp-left"));
  await housekeeping.tidyUp();
  assert.deepEqual(await left(), [C, D, E]);
});

test("removes no release where the journal cannot be read", async (t) => {
  const { house, folder, left } = await aHouse(t);
  await writeFile(join(folder.record, "journal.ndjson"), "no line\nof ours\n");
  await new Housekeeping(house).tidyUp();
  assert.deepEqual(await left(), ids);
});
