import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import { evidence } from "../../seaworthy/record/fixtures/v1/expected.ts";
import { CrashStage } from "./fake-crash.ts";
import { complaints, statusLies } from "./fake-judge.ts";
import type { FakeMachine } from "./fake-machine.ts";

const DECLARED = { version: 1 };
const UP = { argv: ["up"], declared: DECLARED };
const never = (): Promise<void> => Promise.reject(new Error("none of these steps waits"));
const RUNS = { end: "runs", code: 0, version: 1 } as const;

/** What is left behind on a machine that was sound, and what the judge must say of it. */
const PLANTED: Readonly<
  Record<string, { plant: (machine: FakeMachine) => unknown; says: RegExp }>
> = {
  "an instance that nobody wants": {
    plant: (machine) => {
      const release = machine.observed().units.find(({ name }) => name === "web")?.committed ?? "";
      return machine.apply({ action: "start", unit: "web", instance: "web-9", release }, never);
    },
    says: /web: .*web-9 v1 ready; wanted 2 of v1/,
  },
  "an instance that is in no route": {
    plant: (machine) =>
      machine.apply({ action: "switch", unit: "web", instances: ["web-1"] }, never),
    says: /web-2 v1 ready; wanted 2/,
  },
  "a release that was never committed": {
    plant: (machine) =>
      machine.apply({ action: "commit", unit: "web", release: "r000000000009" }, never),
    says: /web: nothing is committed, not v1/,
  },
  "a job that ran twice": {
    plant: ({ jobStarts }) => {
      for (const [job] of jobStarts) jobStarts.set(job, 2);
    },
    says: /migrate r\w+ ran 2 times/,
  },
  "an operation without an end": {
    plant: (machine) => {
      const at = "2026-11-20T00:00:00.000Z";
      const begin = { entry: "begin", operation: "up-9", verb: "up", at, changes: [] };
      machine.records("journal").push(begin);
    },
    says: /up \(up-9\) is still under way/,
  },
  "a fault that is not undone": {
    plant: (machine) => {
      const fault = machine.prepare({ kind: "freeze", instance: "web-1", forMs: 60_000 });
      machine.records("journal").push({ entry: "fault", operation: "drill-9", fault });
    },
    says: /a fault is open in the journal/,
  },
  "evidence of what was not seen": {
    plant: (machine) => {
      const held = present(
        evidence.find(({ verdict }) => verdict === "held"),
        "held evidence",
      );
      const runs = held.runs.map((run) => ({ ...run, injected: undefined }));
      machine.records("evidence").push({ ...held, runs });
    },
    says: /kill-instance is held, and nothing was seen/,
  },
};

test("a sound machine is found sound, and each planted wrong is found", async () => {
  await using stage = await CrashStage.open({ whole: false });
  const sound = await stage.machineAfter([UP], 1);
  assert.deepEqual(await complaints(sound, RUNS, DECLARED), []);
  for (const [what, { plant, says }] of Object.entries(PLANTED)) {
    const machine = sound.fork();
    await plant(machine);
    await machine.clock.sleep(1_000);
    const found = await complaints(machine, RUNS, DECLARED);
    assert.match(found.join("\n"), says, what);
  }
  assert.match((await complaints(sound, { end: "gone", code: 0 }, DECLARED)).join(), /still there/);
});

test("a status that hides what is under way, or shows what is not, lies", async () => {
  await using stage = await CrashStage.open({ whole: false });
  const machine = await stage.machineAfter([UP], 1);
  const told = { inProgress: { operation: "up-9" }, units: [] };
  const look = async (stdout: string, isHalfDone: boolean): Promise<string> =>
    (await statusLies(machine, { stdout, isHalfDone })).join("\n");
  const lies = await look(JSON.stringify(told), false);
  assert.match(lies, /up-9 is under way, not undefined/);
  assert.match(lies, /there is .*web-1/);
  const quiet = JSON.stringify({ inProgress: null, units: [] });
  assert.match(await look(quiet, true), /nothing is under way/);
  assert.doesNotMatch(await look(quiet, false), /nothing is under way/);
});
