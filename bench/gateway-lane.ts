import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { notInstalled } from "./machine.ts";
import { type GatewayFigures, gatewayBars, gatewayRuns } from "./gateway-figures.ts";
import type { Bench, Measured, World } from "./measured.ts";
import { complaintOf, type Ended, runProgram } from "./verb.ts";

const PROGRAM = "bench/gateway.ts";
const NEEDED = ["wrk", "nginx", "taskset"] as const;
/** Seven lanes of 6 s each a turn, and as much again for a busy machine. */
const TURN_MS = 90_000;
const START_MS = 60_000;

/** The gateway's bench is a program of its own, because it pins processes to cores. */
export const gateway: Bench = {
  name: "gateway",
  about: "CPU per request and added p99 of the gateway, beside nginx and bare Node",
  run: async (world, { runs }) => {
    const missing = notInstalled(NEEDED, world.environment["PATH"]);
    if (missing.length > 0) {
      return nothing(missing.map((what) => `${what} is not installed`).join(", "));
    }
    world.say(`${PROGRAM}: ${runs} turns of all lanes, about ${runs * 45} s`);
    const ended = await runLanes(world, runs);
    const figures = figuresIn(ended);
    if (figures === undefined) return nothing(complaintOf(PROGRAM, ended));
    return { runs: gatewayRuns(figures), bars: gatewayBars(figures), notRun: [] };
  },
};

/** Its files lie in a folder of ours, because an interrupted one leaves them. */
async function runLanes(world: World, runs: number): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), "sw-bench-"));
  try {
    return await runProgram(
      {
        command: [execPath, PROGRAM, "--runs", String(runs)],
        cwd: world.root,
        environment: { ...world.environment, TMPDIR: folder },
        deadlineMs: START_MS + runs * TURN_MS,
        isGroup: true,
      },
      world,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function nothing(because: string): Measured {
  return { runs: [], bars: [], notRun: [{ what: PROGRAM, because }] };
}

/** Of a program of the same commit: whether it said anything is all that is asked. */
function figuresIn({ code, stdout }: Ended): GatewayFigures | undefined {
  if (code !== 0) return undefined;
  const figures: GatewayFigures = JSON.parse(stdout);
  return figures;
}
