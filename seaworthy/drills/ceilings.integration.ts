import assert from "node:assert/strict";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { present } from "@seaworthy/std/assert";
import type { Evidence } from "../record/evidence.ts";
import { readRecords } from "../record/read.ts";
import { openFaults } from "../record/under-way.ts";
import type { Objectives } from "../system/system.ts";
import { runDrill } from "./drill.ts";
import { aParsed, aSystem, aUnit, OBJECTIVES } from "./planted.fixture.ts";
import type { RollUnit } from "./request.ts";
import { aTroubledTarget, type Trouble } from "./troubled-target.fixture.ts";

/** Long enough that only a ceiling can end the run before it. */
const WINDOW_MS = 60_000;

interface Planted {
  readonly trouble: Trouble;
  readonly objectives?: Partial<Objectives>;
  readonly drill?: "kill-instance" | "freeze-instance";
}

/** The evidence of a run that must not reach its window's end. */
async function givenUp(t: TestContext, planted: Planted): Promise<Evidence> {
  const { trouble, objectives, drill = "kill-instance" } = planted;
  const system = await aSystem(t, { name: drill });
  const { drills } = system.request.parsed.system;
  const { target } = await aTroubledTarget(t, system.toy.target, trouble);
  const evidence = await runDrill({
    ...system.request,
    target,
    parsed: aParsed(aUnit(2), {
      objectives: { ...OBJECTIVES, ...objectives },
      drills: { ...drills, windowMs: WINDOW_MS, freezeMs: WINDOW_MS },
    }),
  });
  const [one] = evidence;
  const run = present(present(one, "evidence").runs[0], "its run");
  assert.ok(run.windows.windowMs < WINDOW_MS, `given up after ${run.windows.windowMs} ms`);
  assert.ok(run.sent.safe > 0, "what was measured is kept");
  assert.ok(run.undone !== undefined, "and the fault is undone");
  const journal = await readRecords(system.toy.target.store, "journal");
  assert.deepEqual(openFaults(journal), [], "as the journal says");
  return present(one, "evidence");
}

test("a fault that breaks another instance too is given up and undone", async (t) => {
  const { verdict, because } = await givenUp(t, { trouble: { also: "SIGKILL" } });
  assert.equal(verdict, "aborted", because);
  assert.match(because, /the fault does more than it may: api-\d (is|was) /);
});

test("a freeze that freezes another instance too is given up and undone", async (t) => {
  const drill = "freeze-instance";
  const { verdict, because, leftBroken } = await givenUp(t, {
    drill,
    trouble: { also: "SIGSTOP" },
  });
  assert.equal(verdict, "aborted", because);
  assert.match(because, /the fault does more than it may: api-\d is frozen/);
  assert.match(leftBroken?.join() ?? "", /api: 1 of 2 ready/, "the other one is nobody's to thaw");
});

test("an outage that outlasts twice the prediction is given up", async (t) => {
  const { verdict, because } = await givenUp(t, { trouble: { failEach: 5 } });
  assert.equal(verdict, "aborted", because);
  assert.match(because, /an outage of .* more than twice the 3.0 s/);
});

test("most requests failing longer than predicted is given up", async (t) => {
  const { verdict, because } = await givenUp(t, { trouble: { failEach: 1 } });
  assert.equal(verdict, "aborted", because);
  assert.match(because, /more than half of all requests failed for/);
});

test("a latency that the drill does not test is not broken for its sake", async (t) => {
  const trouble = { delayMs: 400 };
  const { verdict, because } = await givenUp(t, { trouble, objectives: { latencyP95Ms: 300 } });
  assert.equal(verdict, "aborted", because);
  assert.match(because, /latency.p95, which this drill does not test, was violated for/);
});

test("acknowledged writes that vanish are seen while it goes on, and are a miss", async (t) => {
  const { verdict, because, runs } = await givenUp(t, { trouble: { forgets: true } });
  assert.equal(verdict, "missed");
  assert.match(because, /\d+ acknowledged writes lost/);
  assert.ok((runs[0]?.writes?.lost ?? 0) > 0);
});

test("a machine that runs out of memory or disk is not broken further", async (t) => {
  const { because: memory } = await givenUp(t, { trouble: { memoryBytes: 1_000_000 } });
  assert.match(memory, /only 0MiB of memory are free/);
  const { because: disk } = await givenUp(t, { trouble: { diskBytes: 2_000_000 } });
  assert.match(disk, /only 1MiB of disk are free/);
});

test("a target that shows nothing any more is given up", async (t) => {
  const system = await aSystem(t, { name: "kill-instance" });
  const { target } = await aTroubledTarget(t, system.toy.target, { blind: true });
  const { drills } = system.request.parsed.system;
  const parsed = aParsed(aUnit(2), { drills: { ...drills, windowMs: WINDOW_MS } });
  const [one] = await runDrill({ ...system.request, target, parsed });
  // What cannot be seen to have happened ends the run before its window begins.
  assert.notEqual(one?.verdict, "held");
  assert.ok((one?.leftBroken ?? []).length > 0, "nobody can say that it is undone");
});

test("a roll under way is given up, too: told, waited for, and rolled back", async (t) => {
  const system = await aSystem(t, { name: "roll-under-load" });
  const { target, begin } = await aTroubledTarget(t, system.toy.target, { failEach: 2 });
  const rolls: string[] = [];
  const roll: RollUnit = async (unit, signal) => {
    rolls.push(rolls.length === 0 ? "there" : "back");
    if (rolls.length > 1) return await system.toy.roll(unit);
    const outcome = await system.toy.roll(unit);
    begin();
    await once(signal, "abort");
    return outcome;
  };
  const { drills } = system.request.parsed.system;
  const parsed = aParsed(aUnit(2), { drills: { ...drills, windowMs: WINDOW_MS } });
  const [one] = await runDrill({ ...system.request, target, parsed, roll });
  assert.equal(one?.verdict, "aborted", one?.because);
  assert.match(one?.because ?? "", /an outage of .* more than twice the 3.0 s/);
  assert.deepEqual(rolls, ["there", "back"]);
  assert.match(one?.runs[0]?.undone ?? "", /2 of 2 instances of r-live-own serve, and no other/);
  assert.equal(one?.leftBroken, undefined);
});
