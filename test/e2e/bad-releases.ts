/** A system whose next release is bad in a way of its own, under load that counts what it cost. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "@seaworthy/std/clock";
import type { OwnCommand } from "@seaworthy/std/command";
import {
  type BadRelease,
  type BadReleaseUnit,
  impairmentFor,
} from "../../seaworthy/drills/bad-release.ts";
import { impairedCommand } from "../../seaworthy/drills/impairment.ts";
import { startLoad } from "../../seaworthy/load/client.ts";
import type { LoadRun } from "../../seaworthy/load/load.ts";
import type { Rehearsal } from "./rehearsal.ts";

const LAUNCHER = fileURLToPath(new URL("../../seaworthy/cli/launch.js", import.meta.url));
export const ownCommand: OwnCommand = (verb, ...args) => [
  process.execPath,
  LAUNCHER,
  verb,
  ...args,
];

const CHECK = { everyMs: 300, timeoutMs: 1_000, rise: 1, fall: 2 };

/** Short, so that a bound that is made of them is short too. */
export const UNIT: BadReleaseUnit = {
  replicas: 3,
  bootMs: 5_000,
  drainMs: 1_000,
  stopMs: 1_000,
  health: { ...CHECK, path: "/health" },
  ready: { ...CHECK, path: "/ready" },
  restart: { backoffFirstMs: 300, backoffMaxMs: 1_000 },
  rollout: {
    strategy: "rolling",
    canary: [],
    surge: 1,
    bakeMs: 4_000,
    bakeRequestsMin: 40,
    abort: { errorRatio: 0.01, p95Factor: 2 },
  },
};

/** Of `web`, with 5 ms of work and what the machine adds. */
const STEADY_P95_MS = 10;
export const WEB = ["node", "main.ts"] as const;

/** The argv of a release of `web` that is bad like this. */
export function badCommand(
  bad: BadRelease,
  given: { readonly seed: number; readonly firstInstance: string },
): readonly string[] {
  const impairment = impairmentFor(bad, UNIT, { ...given, steadyP95Ms: STEADY_P95_MS });
  return impairedCommand(impairment, WEB, ownCommand);
}

/** The system of these tests, with this command as its one service. */
export function systemOf(
  command: readonly string[],
  given: { readonly unit?: Partial<BadReleaseUnit>; readonly more?: string } = {},
): string {
  const unit = { ...UNIT, ...given.unit };
  const { bakeMs, bakeRequestsMin } = unit.rollout;
  const check = (of: BadReleaseUnit["health"]): string =>
    JSON.stringify({
      path: of.path,
      every: `${of.everyMs}ms`,
      timeout: `${of.timeoutMs}ms`,
      rise: of.rise,
      fall: of.fall,
    });
  return `import { defineSystem, edge, service } from "seaworthy";

export default defineSystem({
  name: "shop",
  services: {
    web: service({
      run: { build: "./apps/web", command: ${JSON.stringify(command)} },
      port: 8080,
      replicas: ${unit.replicas},
      boot: "${unit.bootMs}ms", drain: "${unit.drainMs}ms", stop: "${unit.stopMs}ms",
      health: ${check(unit.health)},
      ready: ${check(unit.ready)},
      restart: {
        backoffFirst: "${unit.restart.backoffFirstMs}ms",
        backoffMax: "${unit.restart.backoffMaxMs}ms",
      },
      rollout: {
        surge: ${unit.rollout.surge}, bake: "${bakeMs}ms", bakeRequests: ${bakeRequestsMin},
      },
      ${given.more ?? ""}
    }),
  },
  edge: edge({ routes: { "/": "web", "/orders": { to: "web", idempotent: true } } }),
});
`;
}

const RATE_PER_S = 60;
const LOAD_MS_MAX = 280_000;

/** Reads and writes, some of which may be repeated and some not, until it is finished. */
export async function loadOn(url: string, rehearsal: Rehearsal): Promise<LoadRun> {
  const start = startLoad(ownCommand, systemClock);
  const request = { headers: {}, body: undefined, path: "/" } as const;
  const plan = {
    url,
    ratePerSecond: RATE_PER_S,
    mix: [
      { ...request, method: "GET", weight: 4, class: "safe" },
      { ...request, method: "POST", path: "/orders", weight: 1, class: "idempotent" },
      { ...request, method: "POST", weight: 1, class: "unsafe" },
    ] as const,
    timeoutMs: 5_000,
    seed: 4711,
    run: "bad-releases",
    durationMsMax: LOAD_MS_MAX,
    freshConnections: 0.1,
    samplesFile: join(rehearsal.state, "samples.ndjson"),
  };
  return await start(plan, new AbortController().signal);
}
