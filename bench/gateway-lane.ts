import { existsSync } from "node:fs";
import { join } from "node:path";
import { execPath } from "node:process";
import { notInstalled } from "./machine.ts";
import type { Bench, Measured, NotRun } from "./measured.ts";
import { complaintOf, lastDocument, runProgram } from "./verb.ts";

const PROGRAM = "bench/gateway.ts";
const PEERS = ["wrk", "nginx"] as const;

/**
 * The gateway's bench is a program of its own, because it pins processes to cores: `node
 * bench/gateway.ts --runs N --seed S`, whose last line on stdout is a `Measured` as JSON.
 */
export const gateway: Bench = {
  name: "gateway",
  about: "CPU per request and added p99 of the gateway, beside nginx and bare Node",
  run: async (world, { runs, seed }) => {
    const missing = notInstalled(PEERS, world.environment["PATH"]);
    const notRun: readonly NotRun[] = missing.map((what) => ({
      what,
      because: "it is not installed",
    }));
    if (!existsSync(join(world.root, PROGRAM))) {
      return nothing([...notRun, { what: PROGRAM, because: "it is not there" }]);
    }
    const { root: cwd, environment } = world;
    const args = ["--runs", String(runs), "--seed", String(seed)];
    const ended = await runProgram(
      { command: [execPath, PROGRAM, ...args], cwd, environment },
      world,
    );
    const document = lastDocument(ended.stdout);
    if (!isMeasured(document)) {
      const because = complaintOf(PROGRAM, ended);
      return nothing([...notRun, { what: PROGRAM, because: `it said no figures; ${because}` }]);
    }
    const told = new Set(document.notRun.map(({ what }) => what));
    return {
      ...document,
      notRun: [...document.notRun, ...notRun.filter((one) => !told.has(one.what))],
    };
  },
};

function nothing(notRun: readonly NotRun[]): Measured {
  return { runs: [], bars: [], notRun };
}

/** Written by a program of ours of the same commit: its lists are all that is asked for. */
function isMeasured(document: unknown): document is Measured {
  if (typeof document !== "object" || document === null) return false;
  const lists = ["runs", "bars", "notRun"];
  const fields = new Map<string, unknown>(Object.entries(document));
  return lists.every((name) => Array.isArray(fields.get(name)));
}
