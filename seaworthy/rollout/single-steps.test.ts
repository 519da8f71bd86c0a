import assert from "node:assert/strict";
import { test } from "node:test";
import type { JournalEntry } from "../record/journal.ts";
import { readRecords } from "../record/read.ts";
import { underWay } from "../record/under-way.ts";
import { aRequest, aWorld } from "./requests.fixture.ts";
import { carryOutSteps } from "./single-steps.ts";

const AT = "2026-11-20T00:00:00.000Z";
const CHANGE = { unit: "api", from: "r1", to: "r2", replicas: 3 };

/** What the journal holds after `isolate`, and what its events told. */
async function isolated(left: readonly JournalEntry[]) {
  const model = aWorld();
  model.journal.push(...left);
  const { request, events } = aRequest(model, { operation: "isolate-2" });
  const steps = [{ action: "isolate", instance: "api-1", because: "looked at" } as const];
  const end = await carryOutSteps({ ...request, verb: "isolate", steps });
  assert.equal(end.outcome, "done", end.because);
  const journal = await readRecords(model.target.store, "journal");
  const written = journal.slice(left.length).map(({ entry }) => entry);
  return { journal, written: written.join(" "), told: events.map(({ kind }) => kind) };
}

test("has a beginning and an end where nothing is half done", async () => {
  const { journal, written } = await isolated([]);
  assert.equal(written, "begin intent result end");
  assert.equal(underWay(journal), undefined);
});

test("never ends what another operation left half done; its events tell of it", async () => {
  for (const verb of ["deploy", "down", "drill"]) {
    const changes = verb === "down" ? [] : [CHANGE];
    const operation = `${verb}-1`;
    const left = { entry: "begin", operation, verb, at: AT, changes } as const;
    const { journal, written, told } = await isolated([left]);
    assert.equal(written, "intent result");
    assert.equal(underWay(journal)?.operation, operation);
    assert.equal(told.at(0), "operation-started");
    assert.equal(told.at(-1), "operation-ended");
  }
});

test("ends what one like it left without an end: there is nothing to finish", async () => {
  const verb = "rejoin";
  const left = { entry: "begin", operation: "rejoin-1", verb, at: AT, changes: [] } as const;
  const { journal, written } = await isolated([left]);
  assert.equal(written, "begin intent result end");
  assert.equal(underWay(journal), undefined);
});
