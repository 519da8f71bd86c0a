import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import type { Evidence } from "../record/evidence.ts";
import type { Blackout, Objectives } from "../system/system.ts";
import { runDrill } from "./drill.ts";
import { anEvidence } from "./evidence.fixture.ts";
import { anInstance, anObserved } from "./observed.fixture.ts";
import { aGraph, aParsed, aUnit, OBJECTIVES } from "./planted.fixture.ts";
import { DrillRefused, type DrillRequest } from "./request.ts";
import { impairCommand } from "./impair-command.fixture.ts";
import { ToyTarget } from "./toy-target.fixture.ts";
import { aRun } from "./verdict.fixture.ts";

const NOW = "2026-01-15T12:00:00.000Z";
const unit = aUnit(2);
const FREE = { memoryBytes: 8_000_000_000, addresses: 100, diskBytes: 8_000_000_000 };

class BegunAnyway extends Error {}

/** A whole system that is only looked at: whoever sends it a request or breaks it is found out. */
async function asked(
  t: TestContext,
  given: {
    readonly kept?: readonly Evidence[];
    readonly objectives?: Partial<Objectives>;
    readonly blackouts?: readonly Blackout[];
    readonly request?: Partial<DrillRequest>;
  },
): Promise<DrillRequest> {
  const scratch = await mkdtemp(join(tmpdir(), "seaworthy-drill-"));
  t.after(() => rm(scratch, { recursive: true, force: true }));
  const { drills } = aParsed(unit).system;
  const sound = { repeatsWrites: false, rude: false, trusting: false, harmless: false };
  const { target } = new ToyTarget(unit, { ...sound, stuck: false });
  const no = (): never => {
    throw new BegunAnyway();
  };
  return {
    name: "freeze-instance",
    unit: undefined,
    target: {
      ...target,
      observe: async () => anObserved([anInstance("api-1"), anInstance("api-2")]),
      headroom: async () => FREE,
      store: {
        append: async () => no(),
        read: async (kind) => (kind === "evidence" ? (given.kept ?? []) : []),
      },
      apply: async () => no(),
      prepare: async () => no(),
    },
    lease: {
      epoch: 1,
      lost: new AbortController().signal,
      [Symbol.asyncDispose]: async () => {},
    },
    parsed: aParsed(unit, {
      objectives: { ...OBJECTIVES, ...given.objectives },
      drills: { ...drills, ...(given.blackouts && { blackouts: given.blackouts }) },
    }),
    graph: aGraph(unit),
    startLoad: async () => no(),
    roll: async () => no(),
    restart: async () => no(),
    ownCommand: impairCommand,
    clock: { ...systemClock, wall: () => Date.parse(NOW) },
    seed: 1,
    runs: 3,
    isDue: false,
    tierMax: "T1",
    allowOutage: false,
    operation: "drill-test",
    scratch,
    raw: "raw/test",
    emit: () => {},
    signal: new AbortController().signal,
    ...given.request,
  };
}

const outage = { longestGapMs: 0, badSeconds: 0, unavailableMs: 259_000 };
/** Of the 259.2 s that 99.99 % of 30 days allow, five days ago. */
const SPENT = anEvidence({ runs: [aRun({ outage })] });
const FOUR_NINES = { availability: 0.9999 };

test("what the month's budget does not cover is not begun, and nothing is sent", async (t) => {
  const request = await asked(t, { kept: [SPENT], objectives: FOUR_NINES });
  const [evidence] = await runDrill(request);
  assert.equal(evidence?.verdict, "could-not-verify");
  assert.match(evidence.because, /^outages of drills took 4 min 19 s of the 4 min 19 s that/);
  assert.match(evidence.because, /3 runs may take 1\.5 s more: wait until 2026-02-09T/);
  assert.deepEqual(evidence.runs, []);
});

test("it is begun where an outage is allowed, enough is left, nothing is promised", async (t) => {
  const enough = { objectives: FOUR_NINES };
  const spent = { ...enough, kept: [SPENT] };
  for (const given of [enough, { kept: [SPENT] }, { ...spent, request: { allowOutage: true } }]) {
    await assert.rejects(runDrill(await asked(t, given)), BegunAnyway);
  }
});

test("in a blackout, and too shortly before one, nothing is begun", async (t) => {
  const at = (ms: number): string => new Date(Date.parse(NOW) + ms).toISOString();
  const refused = (error: unknown): boolean =>
    error instanceof DrillRefused &&
    error.code === "blackout" &&
    error.message.includes(at(60_000));
  for (const from of [at(-1), at(0), at(5_999)]) {
    const blackouts = [{ kind: "once", from, to: at(60_000) }] as const;
    await assert.rejects(runDrill(await asked(t, { blackouts })), refused, from);
    const request = { allowOutage: true };
    await assert.rejects(runDrill(await asked(t, { blackouts, request })), refused, "an outage");
  }
  const later = [{ kind: "once", from: at(3_600_000), to: at(7_200_000) }] as const;
  await assert.rejects(runDrill(await asked(t, { blackouts: later })), BegunAnyway);
});

test("what is due waits for a blackout that any of its runs may last into", async (t) => {
  const at = (ms: number): string => new Date(Date.parse(NOW) + ms).toISOString();
  // One run is whole again within 30 s, and three are not.
  const blackouts = [{ kind: "once", from: at(30_000), to: at(60_000) }] as const;
  const begun = async (isDue: boolean, runs: number): Promise<void> =>
    await assert.rejects(
      runDrill(await asked(t, { blackouts, request: { isDue, runs } })),
      BegunAnyway,
    );
  await begun(true, 1);
  await begun(false, 3);
  await assert.rejects(
    runDrill(await asked(t, { blackouts, request: { isDue: true, runs: 3 } })),
    (error: unknown) => error instanceof DrillRefused && error.code === "blackout" && error.waits,
  );
});

test("what is due waits for the budget, and leaves no evidence of it", async (t) => {
  const due = { objectives: FOUR_NINES, request: { isDue: true } };
  await assert.rejects(
    runDrill(await asked(t, { ...due, kept: [SPENT] })),
    (error: unknown) =>
      error instanceof DrillRefused &&
      error.waits &&
      / 3 runs may take 1\.5 s more: enough of it is back at 2026-02-09T/.test(error.message) &&
      error.fix.includes("or accept it: --allow-outage"),
  );
  await assert.rejects(runDrill(await asked(t, due)), BegunAnyway);
  const allowed = { isDue: true, allowOutage: true };
  await assert.rejects(
    runDrill(await asked(t, { ...due, kept: [SPENT], request: allowed })),
    BegunAnyway,
  );
});

test("what no month allows does not wait for one, due or not", async (t) => {
  const objectives = { availability: 0.999_999_999 };
  const [evidence] = await runDrill(await asked(t, { objectives, request: { isDue: true } }));
  assert.equal(evidence?.verdict, "could-not-verify");
  assert.doesNotMatch(evidence.because, /wait until/);
});
