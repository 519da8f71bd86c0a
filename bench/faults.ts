import { globSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "../seaworthy/load/load.ts";
import { readSamples } from "../seaworthy/load/sample-file.ts";
import { dueWithin, failedByClass, latencyOf, total } from "../seaworthy/load/window.ts";
import type { DrillRun, Evidence } from "../seaworthy/record/evidence.ts";
import { parseRecord } from "../seaworthy/record/read.ts";
import { parse } from "../seaworthy/system/parse.ts";
import type { Load } from "../seaworthy/system/system.ts";
import modelRouter from "../systems/model-router/system.ts";
import { cpuFigures, type CpuUse, cpuWhile } from "./cpu-meter.ts";
import { failureKinds, generatorDoubt } from "./load-account.ts";
import { makeRuns } from "./make-runs.ts";
import type { Bar, Bench, RunResult, World } from "./measured.ts";
import { Sandbox } from "./sandbox.ts";
import { complaintOf, type Ended, lastDocument } from "./verb.ts";

/** Declares short windows: 2 s warm-up, 3 s baseline, 15 s from the injection. */
const SYSTEM = ["-s", "systems/model-router", "-e", "rehearsal"] as const;
const WARM_UP_MS = 2_000;
const BASELINE_MS = 3_000;
const WINDOW_MS = 15_000;
const RUNS_NEEDED = 5;
const EXPOSURE_MS_MAX = 1_000;

type Fault = "kill" | "freeze";
const FAULTS: readonly Fault[] = ["kill", "freeze"];

const SAFE = "safe or idempotent requests failed";
const UNSAFE = "unsafe requests failed";
const EXPOSURE = "injection → last request sent to the victim (ms)";
const DOUBLED = "writes applied twice";

export const faults: Bench = {
  name: "faults",
  about: "one of 3 routers of systems/model-router killed, or frozen, by the real drill",
  run: async (world, request) => ({
    runs: await makeRuns(world, request, {
      cells: FAULTS.map((fault) => ({
        name: fault,
        event: (seed) => drillOnce(world, fault, seed),
        control: (seed) => controlOnce(world, fault, seed),
      })),
    }),
    bars: [
      bar("kill", SAFE, "0"),
      bar("kill", UNSAFE, "as many as were in flight on the victim"),
      bar("freeze", EXPOSURE, "1,000 ms"),
      bar("freeze", DOUBLED, "0"),
    ],
    notRun: [],
  }),
};

function bar(cell: Fault, name: string, limit: string): Bar {
  return { cell, name, limit, runsNeeded: RUNS_NEEDED };
}

async function drillOnce(world: World, fault: Fault, seed: number): Promise<RunResult> {
  await using sandbox = await Sandbox.open(world);
  await sandbox.up(SYSTEM);
  const args = ["drill", `${fault}-instance`, ...SYSTEM, "--unit", "router"];
  const drilled: { ended?: Ended } = {};
  const cpu = await cpuWhile(sandbox.folder, world.clock, async () => {
    drilled.ended = await sandbox.verb([...args, "--seed", String(seed), "--json"]);
  });
  const evidence = evidenceIn(drilled.ended?.stdout ?? "");
  const asked = evidence.find(({ objective }) => objective === "errors") ?? evidence[0];
  const run = asked?.runs[0];
  if (drilled.ended === undefined || asked === undefined || run === undefined) {
    const because = drilled.ended === undefined ? "not run" : complaintOf("drill", drilled.ended);
    throw new Error(because);
  }
  const samples = await rawSamples(sandbox.folder, asked.raw);
  return resultOf(fault, { asked, run, cpu, samples });
}

function evidenceIn(stdout: string): readonly Evidence[] {
  const document = lastDocument(stdout);
  if (typeof document !== "object" || document === null || !("evidence" in document)) return [];
  const bodies: readonly unknown[] = Array.isArray(document.evidence) ? document.evidence : [];
  return bodies.flatMap((body) => {
    const evidence = parseRecord("evidence", body);
    return evidence.ok ? [evidence.value] : [];
  });
}

/** What the drill's clients saw, from the record that goes with the sandbox. */
async function rawSamples(folder: string, raw: string): Promise<readonly Sample[]> {
  const [file] = globSync(join(folder, "s/seaworthy/*/record", raw, "*.ndjson"));
  return file === undefined ? [] : await readSamples(file);
}

interface Drilled {
  readonly asked: Evidence;
  readonly run: DrillRun;
  readonly cpu: CpuUse | undefined;
  readonly samples: readonly Sample[];
}

function resultOf(fault: Fault, { asked, run, cpu, samples }: Drilled): RunResult {
  const { exposureMs, writes, restoredMs } = run;
  return {
    cell: fault,
    kind: "event",
    figures: {
      failed: total(run.failed),
      unsafeFailed: run.failed.unsafe,
      steadyP99Ms: run.baseline.p99Ms,
      p99Ms: run.during.p99Ms,
      longestGapMs: run.outage.longestGapMs,
      ...(exposureMs === undefined ? {} : { exposureMs }),
      ...(restoredMs === undefined ? {} : { restoredMs }),
      ...cpuFigures(cpu),
    },
    facts: {
      drill: `${asked.verdict}: ${asked.because}`,
      seed: asked.seed,
      sent: JSON.stringify(run.sent),
      failed: JSON.stringify(run.failed),
      failures: failureKinds(samples),
      inFlightOnVictim: JSON.stringify(run.inFlightOnVictim),
      writes: JSON.stringify(writes ?? null),
      injected: run.injected ?? "not seen",
      undone: run.undone ?? "not seen",
      generator: JSON.stringify(run.generator),
    },
    readings: {
      [SAFE]: { value: run.failed.safe + run.failed.idempotent, limit: 0 },
      [UNSAFE]: { value: run.failed.unsafe, limit: run.inFlightOnVictim.unsafe },
      ...(exposureMs === undefined
        ? {}
        : { [EXPOSURE]: { value: exposureMs, limit: EXPOSURE_MS_MAX } }),
      ...(writes === undefined ? {} : { [DOUBLED]: { value: writes.doubled, limit: 0 } }),
    },
    doubt: doubtIn(asked, run),
  };
}

function doubtIn(asked: Evidence, run: DrillRun): string | undefined {
  const late = generatorDoubt(run.generator);
  if (late !== undefined) return late;
  const { verdict, because } = asked;
  return verdict === "held" || verdict === "missed" ? undefined : `${verdict}: ${because}`;
}

/** The same load for as long, and nothing is broken. */
async function controlOnce(world: World, fault: Fault, seed: number): Promise<RunResult> {
  const { ratePerSecond, mix } = declaredLoad();
  await using sandbox = await Sandbox.open(world);
  await sandbox.up(SYSTEM);
  const run = await sandbox.load({ url: await sandbox.edge(), ratePerSecond, mix, seed });
  const fromMs = WARM_UP_MS + BASELINE_MS;
  const toMs = fromMs + WINDOW_MS;
  const cpu = await cpuWhile(sandbox.folder, world.clock, () => run.until(toMs, world.signal));
  const load = await run.finish();
  const window = dueWithin(load.samples, { fromMs, toMs });
  const steady = dueWithin(load.samples, { fromMs: WARM_UP_MS, toMs: fromMs });
  const failed = failedByClass(window);
  return {
    cell: fault,
    kind: "control",
    figures: {
      failed: total(failed),
      unsafeFailed: failed.unsafe,
      steadyP99Ms: latencyOf(steady).p99Ms,
      p99Ms: latencyOf(window).p99Ms,
      ...cpuFigures(cpu),
    },
    facts: { failures: failureKinds(window), generator: JSON.stringify(load.check) },
    readings: {},
    doubt: generatorDoubt(load.check),
  };
}

function declaredLoad(): Load {
  const parsed = parse(modelRouter, { environment: "rehearsal", platform: undefined });
  if (!parsed.ok || parsed.value.system.load === undefined) {
    throw new Error("systems/model-router declares no load that can be read");
  }
  return parsed.value.system.load;
}
