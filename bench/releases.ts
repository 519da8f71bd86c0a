import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { OwnCommand } from "@seaworthy/std/command";
import {
  BAD_RELEASES,
  type BadRelease,
  type BadReleaseUnit,
  impairmentFor,
} from "../seaworthy/drills/bad-release.ts";
import { impairedCommand } from "../seaworthy/drills/impairment.ts";
import type { LoadRequest } from "../seaworthy/system/system.ts";
import { makeRuns } from "./make-runs.ts";
import type { Bench, RunResult, World } from "./measured.ts";
import { barsOf, resultOf } from "./releases-result.ts";
import { Sandbox } from "./sandbox.ts";
import { Turnover } from "./turnover.ts";

const RATE_PER_S = 200;
/** Code is compiled and pools are filled: discarded. */
const WARM_UP_MS = 3_000;
/** After the roll: what it left behind would fail here. */
const AFTER_MS = 2_000;
const CHECK = { everyMs: 500, timeoutMs: 1_000, rise: 1, fall: 3 };

/** Declared short, so that what is bound by them is seen to be. */
const UNIT: BadReleaseUnit = {
  replicas: 3,
  bootMs: 5_000,
  drainMs: 2_000,
  stopMs: 2_000,
  health: { ...CHECK, path: "/health" },
  ready: { ...CHECK, path: "/ready" },
  restart: { backoffFirstMs: 250, backoffMaxMs: 2_000 },
  rollout: {
    strategy: "rolling",
    canary: [],
    surge: 1,
    bakeMs: 5_000,
    bakeRequestsMin: 200,
    abort: { errorRatio: 0.01, p95Factor: 2 },
  },
};
const COMMAND = ["node", "main.ts"] as const;
/** Of 20 ms of work. */
const STEADY_P95_MS = 22;

export const releases: Bench = {
  name: "releases",
  about: `${BAD_RELEASES.length} kinds of bad releases, taken back under ${RATE_PER_S} requests/s`,
  run: async (world, request) => {
    await using turnover = new Turnover(world);
    const cells = BAD_RELEASES.map((bad) => ({
      name: bad,
      event: async (seed: number) =>
        await turnover.with(
          async () => await aSystem(world),
          async (sandbox) => await takeBackOnce(world, sandbox, { bad, seed }),
        ),
      control: undefined,
    }));
    return {
      runs: await makeRuns(world, request, { cells }),
      bars: BAD_RELEASES.flatMap((bad) => barsOf(bad)),
      notRun: [],
    };
  },
};

interface Setting {
  readonly bad: BadRelease;
  readonly seed: number;
}

/** Up, by a release that is good. */
async function aSystem(world: World): Promise<Sandbox> {
  const sandbox = await Sandbox.open(world);
  try {
    const system = systemIn(sandbox);
    await mkdir(join(system, "apps/work"), { recursive: true });
    await copyFile(join(world.root, "bench/work-service.ts"), join(system, "apps/work/main.ts"));
    await writeFile(join(system, "system.ts"), declaration(COMMAND));
    await sandbox.up([system]);
    return sandbox;
  } catch (error) {
    await sandbox[Symbol.asyncDispose]();
    throw error;
  }
}

const systemIn = ({ folder }: Sandbox): string => join(folder, "system");

async function takeBackOnce(world: World, sandbox: Sandbox, setting: Setting): Promise<RunResult> {
  const system = systemIn(sandbox);
  const plan = { url: await sandbox.edge(), ratePerSecond: RATE_PER_S, mix: MIX };
  const run = await sandbox.load({ ...plan, seed: setting.seed });
  await run.until(WARM_UP_MS, world.signal);
  const fromMs = run.nowMs();
  await writeFile(join(system, "system.ts"), declaration(badCommand(world, setting)));
  const ended = await sandbox.verb(["deploy", "-s", system, "--json"]);
  const toMs = run.nowMs();
  await run.until(toMs + AFTER_MS, world.signal);
  const status = await sandbox.verb(["status", "-s", system, "--json"]);
  const load = await run.finish();
  const seen = { load, ended, status, during: { fromMs, toMs }, warmUpMs: WARM_UP_MS };
  return resultOf({ bad: setting.bad, unit: UNIT }, seen);
}

function badCommand(world: World, { bad, seed }: Setting): readonly string[] {
  const firstInstance = `work-${UNIT.replicas + 1}`;
  const given = { seed, steadyP95Ms: STEADY_P95_MS, firstInstance };
  const launcher = join(world.root, "seaworthy/cli/launch.js");
  const own: OwnCommand = (verb, ...args) => [process.execPath, launcher, verb, ...args];
  return impairedCommand(impairmentFor(bad, UNIT, given), COMMAND, own);
}

const MIX: readonly LoadRequest[] = [
  { method: "GET", path: "/", headers: {}, body: undefined, weight: 8, class: "safe" },
  { method: "POST", path: "/orders", headers: {}, body: "{}", weight: 1, class: "idempotent" },
  { method: "POST", path: "/", headers: {}, body: "{}", weight: 1, class: "unsafe" },
];

function declaration(command: readonly string[]): string {
  const { rollout, restart } = UNIT;
  const check = ({ path, everyMs, timeoutMs, rise, fall }: BadReleaseUnit["ready"]): string =>
    `{ path: "${path}", every: "${everyMs}ms", timeout: "${timeoutMs}ms", ` +
    `rise: ${rise}, fall: ${fall} }`;
  return `import { defineSystem, edge, service } from "seaworthy";

export default defineSystem({
  name: "bench",
  services: {
    work: service({
      run: { build: "./apps/work", command: ${JSON.stringify(command)} },
      port: 8080,
      replicas: ${UNIT.replicas},
      boot: "${UNIT.bootMs}ms", drain: "${UNIT.drainMs}ms", stop: "${UNIT.stopMs}ms",
      health: ${check(UNIT.health)},
      ready: ${check(UNIT.ready)},
      restart: {
        backoffFirst: "${restart.backoffFirstMs}ms", backoffMax: "${restart.backoffMaxMs}ms",
      },
      probe: { path: "/ready" },
      rollout: {
        surge: ${rollout.surge}, bake: "${rollout.bakeMs}ms",
        bakeRequests: ${rollout.bakeRequestsMin},
      },
    }),
  },
  edge: edge({ routes: { "/": "work", "/orders": { to: "work", idempotent: true } } }),
});
`;
}
