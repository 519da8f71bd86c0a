import type { LoadRun } from "../seaworthy/load/load.ts";
import type { EdgeProvider } from "../seaworthy/system/system.ts";
import { seeFrontProgram } from "../seaworthy/targets/local/edge-program.ts";
import { cpuWhile } from "./cpu-meter.ts";
import { EdgeRig } from "./edge-rig.ts";
import { barsOf, cellOf, type EdgeEvent, EVENTS, resultOf, STEADY_RUNS } from "./edges-result.ts";
import { makeRuns } from "./make-runs.ts";
import type { Bench, NotRun, RunResult, World } from "./measured.ts";
import { namespaceGap } from "./namespace.ts";
import { Turnover } from "./turnover.ts";

const PROVIDERS: readonly EdgeProvider[] = ["gateway", "haproxy", "nginx"];

/** What the experiments of 2026-11-20 used, but for the event's moment. */
const RATE = 300;
/** CPU is read in steps of 10 ms: enough requests that one is little. */
const STEADY_RATE = 1_000;

export interface Timing {
  readonly warmUpMs: number;
  readonly steadyMs: number;
  /** How long what is broken stays so. Longer than clients wait (5 s), or losses would hide. */
  readonly brokenMs: number;
  /** After the event: what it left behind shows here. */
  readonly afterMs: number;
}

const TIMING: Timing = { warmUpMs: 2_000, steadyMs: 2_000, brokenMs: 6_000, afterMs: 2_000 };

export const edges: Bench = {
  name: "edges",
  about: "the gateway, HAProxy and nginx: roll, kill, freeze, drop, upgrade at 300 requests/s",
  run: async (world, request) => {
    await using turnover = new Turnover(world);
    const notRun: NotRun[] = [];
    const cells = [];
    for (const provider of PROVIDERS) {
      for (const event of EVENTS) {
        const because = await gapOf(world, provider, event);
        const name = cellOf(provider, event);
        if (because !== undefined) notRun.push({ what: name, because });
        else {
          const run = async (seed: number) =>
            await edgeRun(world, { provider, event, seed, timing: TIMING, turnover });
          const runsMax = event === "steady" ? STEADY_RUNS : request.runs;
          cells.push({ name, event: run, control: undefined, runsMax, provider, of: event });
        }
      }
    }
    return {
      runs: await makeRuns(world, request, { cells }),
      bars: cells.flatMap(({ provider, of }) => barsOf(provider, of)),
      notRun,
    };
  },
};

async function gapOf(
  world: World,
  provider: EdgeProvider,
  event: EdgeEvent,
): Promise<string | undefined> {
  if (event === "drop") {
    const gap = namespaceGap();
    if (gap !== undefined) return gap;
  }
  if (provider === "gateway") return undefined;
  const seen = await seeFrontProgram(provider, world.environment["PATH"]);
  return seen === undefined ? `${provider} is not installed` : undefined;
}

export interface EdgeSetting {
  readonly provider: EdgeProvider;
  readonly event: EdgeEvent;
  readonly seed: number;
  readonly timing: Timing;
  readonly turnover: Turnover;
  readonly ratePerSecond?: number;
}

/** One provider, one event, in a state of its own. */
export async function edgeRun(world: World, setting: EdgeSetting): Promise<RunResult> {
  const { provider, event } = setting;
  return await setting.turnover.with(
    async () => await EdgeRig.open(world, { provider, isApart: event === "drop" }),
    async (rig) => await measure(world, rig, setting),
  );
}

async function measure(world: World, rig: EdgeRig, setting: EdgeSetting): Promise<RunResult> {
  const { provider, event, seed, timing } = setting;
  const ratePerSecond = setting.ratePerSecond ?? (event === "steady" ? STEADY_RATE : RATE);
  const run = await rig.load(ratePerSecond, seed);
  await run.until(timing.warmUpMs, world.signal);
  const fromMs = timing.warmUpMs + timing.steadyMs;
  let broke: string | undefined;
  const cpu = await cpuWhile(rig.sandbox.folder, world.clock, async () => {
    await run.until(fromMs, world.signal);
    // A roll that was taken back, say, has lost what it has lost all the same.
    broke = await complaintIn(async () => await strike(rig, run, { world, event, timing }));
    world.signal.throwIfAborted();
    await run.until(run.nowMs() + timing.afterMs, world.signal);
  });
  const toMs = run.nowMs();
  const load = await run.finish();
  return resultOf({
    ...{ provider, event, ratePerSecond, load, cpu, broke },
    steady: { fromMs: timing.warmUpMs, toMs: fromMs },
    window: { fromMs, toMs },
    audit: await rig.audit(`bench-${seed}`, load.samples),
  });
}

/** Undefined: it went as it should. */
async function complaintIn(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function strike(
  rig: EdgeRig,
  run: LoadRun,
  { world, event, timing }: { world: World; event: EdgeEvent; timing: Timing },
): Promise<void> {
  const wait = async (): Promise<void> =>
    await run.until(run.nowMs() + timing.brokenMs, world.signal);
  const forMs = timing.brokenMs * 5;
  switch (event) {
    case "steady":
      return await wait();
    case "roll":
      await rig.roll();
      return;
    case "kill":
      return await rig.strike({ kind: "kill", instance: await rig.victim() }, async () => {});
    case "freeze":
    case "drop":
      return await rig.strike({ kind: event, instance: await rig.victim(), forMs }, wait);
    case "upgrade":
      return await rig.strike({ kind: "upgrade-edge" }, async () => {});
  }
}
