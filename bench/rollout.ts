import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LoadRun } from "../seaworthy/load/load.ts";
import type { LoadRequest } from "../seaworthy/system/system.ts";
import { cpuWhile } from "./cpu-meter.ts";
import { makeRuns } from "./make-runs.ts";
import type { Bench, RunResult, World } from "./measured.ts";
import { barsOf, type Rolled, resultOf } from "./rollout-result.ts";
import { Sandbox } from "./sandbox.ts";
import { type Ended, eventsIn } from "./verb.ts";

const RATES = [200, 1_000] as const;
const REPLICAS = 3;
/** Code is compiled and pools are filled: discarded. */
const WARM_UP_MS = 3_000;
/** What the roll is compared with. */
const STEADY_MS = 5_000;
/** After the roll: what it left behind would fail here. */
const AFTER_MS = 2_000;
/** A control run lasts about as long as a roll with its bake. */
const CONTROL_MS = 12_000;
const BAKE = "3s";

export const rollout: Bench = {
  name: "rollout",
  about: `${REPLICAS} instances (20 ms work, 1 s boot) rolled at 200 and 1,000 requests/s`,
  run: async (world, request) => ({
    runs: await makeRuns(world, request, {
      cells: RATES.map((rate) => ({
        name: cellOf(rate),
        event: (seed) => rollOnce(world, { rate, seed, isControl: false }),
        control: (seed) => rollOnce(world, { rate, seed, isControl: true }),
      })),
    }),
    bars: RATES.flatMap((rate) => barsOf(cellOf(rate))),
    notRun: [],
  }),
};

function cellOf(rate: number): string {
  return `${rate}/s`;
}

interface Setting {
  readonly rate: number;
  readonly seed: number;
  readonly isControl: boolean;
}

async function rollOnce(world: World, setting: Setting): Promise<RunResult> {
  await using sandbox = await Sandbox.open(world);
  const system = join(sandbox.folder, "system");
  await mkdir(join(system, "apps/work"), { recursive: true });
  await copyFile(join(world.root, "bench/work-service.ts"), join(system, "apps/work/main.ts"));
  await writeFile(join(system, "system.ts"), declaration("v1"));
  await sandbox.up([system]);
  const { rate: ratePerSecond, seed } = setting;
  const run = await sandbox.load({ url: await sandbox.edge(), ratePerSecond, mix: MIX, seed });
  await run.until(WARM_UP_MS, world.signal);
  const steadyCpu = await cpuWhile(sandbox.folder, world.clock, () =>
    run.until(WARM_UP_MS + STEADY_MS, world.signal),
  );
  const rolled = await roll(run, { world, sandbox, system, isControl: setting.isControl });
  await run.until(run.nowMs() + AFTER_MS, world.signal);
  const load = await run.finish();
  const { startedWallMs } = run;
  const seen = { ...rolled, steadyCpu, load, startedWallMs, warmUpMs: WARM_UP_MS };
  const kind = setting.isControl ? "control" : "event";
  return resultOf({ cell: cellOf(setting.rate), kind, replicas: REPLICAS }, seen);
}

const MIX: readonly LoadRequest[] = [
  { method: "GET", path: "/", headers: {}, body: undefined, weight: 8, class: "safe" },
  {
    method: "POST",
    path: "/orders",
    headers: { "content-type": "application/json" },
    body: '{"count":1}',
    weight: 2,
    class: "idempotent",
  },
];

/** Defaults of the tool but for the bake, which is short and left out of the times. */
function declaration(version: string): string {
  return `import { defineSystem, edge, service } from "seaworthy";

export default defineSystem({
  name: "bench",
  services: {
    work: service({
      run: { build: "./apps/work", command: ["node", "main.ts"] },
      port: 8080,
      replicas: ${REPLICAS},
      env: { VERSION: "${version}" },
      probe: { path: "/" },
      rollout: { bake: "${BAKE}" },
    }),
  },
  edge: edge({ routes: { "/": "work", "/orders": { to: "work", idempotent: true } } }),
});
`;
}

async function roll(
  run: LoadRun,
  at: { world: World; sandbox: Sandbox; system: string; isControl: boolean },
): Promise<Rolled> {
  const fromMs = run.nowMs();
  let ended: Ended | undefined;
  const cpu = await cpuWhile(at.sandbox.folder, at.world.clock, async () => {
    if (at.isControl) return await run.until(fromMs + CONTROL_MS, at.world.signal);
    await writeFile(join(at.system, "system.ts"), declaration("v2"));
    ended = await at.sandbox.verb(["deploy", "-s", at.system, "--json"]);
  });
  return { during: { fromMs, toMs: run.nowMs() }, ended, events: eventsIn(ended?.stdout), cpu };
}
