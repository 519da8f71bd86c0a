import { execPath } from "node:process";
import type { Event } from "../seaworthy/record/event.ts";
import { makeRuns } from "./make-runs.ts";
import type { Bar, Bench, Request, RunResult, World } from "./measured.ts";
import { Sandbox } from "./sandbox.ts";
import { median } from "./statistics.ts";
import { processTime } from "./ticks.ts";
import { complaintOf, type Ended, eventsIn, type Program, runProgram, tool } from "./verb.ts";

/** A start takes milliseconds and varies: fewer say little. */
const STARTS_MIN = 10;
const UPS_NEEDED = 5;

const SYSTEM = ["systems/model-router", "-e", "rehearsal"] as const;

interface Start {
  readonly cell: string;
  readonly args: readonly string[];
  readonly wallMsMax: number;
}

const STARTS: readonly Start[] = [
  { cell: "--help", args: ["--help"], wallMsMax: 100 },
  { cell: "check", args: ["check", "-s", ...SYSTEM], wallMsMax: 400 },
];
const UP = "up";
const UP_MS_MAX = 3_000;
const WALL = "wall time (ms)";

export const cli: Bench = {
  name: "cli",
  about: "--help, check and up of systems/model-router as whole processes, beside bare Node",
  run: async (world, request) => {
    const runs = [...(await starts(world, request)), ...(await ups(world, request))];
    return { runs: withRatios(runs), bars: bars(), notRun: [] };
  },
};

function bars(): readonly Bar[] {
  return [
    ...STARTS.map(({ cell, wallMsMax }) => ({
      cell,
      name: WALL,
      limit: `${wallMsMax} ms`,
      runsNeeded: STARTS_MIN,
    })),
    { cell: UP, name: WALL, limit: "3 s to all ready", runsNeeded: UPS_NEEDED },
  ];
}

/** Each start beside one of bare Node, in random order. */
async function starts(world: World, request: Request): Promise<readonly RunResult[]> {
  const count = Math.max(STARTS_MIN, request.runs);
  const { root, environment } = world;
  const program = (command: Program["command"]): Program => ({ command, cwd: root, environment });
  const bare = program([execPath, "-e", "0"]);
  const cells = STARTS.map((start) => ({ ...start, own: program(tool(world, start.args)) }));
  // The first start fills the compile cache, and the machine's cache of files.
  for (const { own } of [...cells, { own: bare }]) await runProgram(own, world);
  return await makeRuns(
    world,
    { ...request, runs: count },
    {
      cells: cells.map(({ cell, own, wallMsMax }) => ({
        name: cell,
        event: () => startOnce(world, own, { cell, kind: "event", wallMsMax }),
        control: () => startOnce(world, bare, { cell, kind: "control", wallMsMax }),
      })),
      controls: count,
      isQuiet: true,
    },
  );
}

async function startOnce(
  world: World,
  program: Program,
  run: Pick<RunResult, "cell" | "kind"> & { readonly wallMsMax: number },
): Promise<RunResult> {
  const { cell, kind, wallMsMax } = run;
  const { ended, cpuMs } = await timed(() => runProgram(program, world));
  if (ended.code !== 0) throw new Error(complaintOf(cell, ended));
  return {
    cell,
    kind,
    figures: { wallMs: ended.wallMs, ...(cpuMs === undefined ? {} : { cpuMs }) },
    facts: {},
    readings: kind === "event" ? { [WALL]: { value: ended.wallMs, limit: wallMsMax } } : {},
    doubt: undefined,
  };
}

/** CPU of a child and of all it waited for, 10 ms apart: medians of ten are what it is good for. */
async function timed(
  work: () => Promise<Ended>,
): Promise<{ readonly ended: Ended; readonly cpuMs: number | undefined }> {
  const before = processTime("self");
  const ended = await work();
  const after = processTime("self");
  if (before === undefined || after === undefined) return { ended, cpuMs: undefined };
  return { ended, cpuMs: after.childrenMs - before.childrenMs };
}

/** Nothing is there before it, and it ends when all instances are ready and routed. */
async function ups(world: World, request: Request): Promise<readonly RunResult[]> {
  const event = (): Promise<RunResult> => upOnce(world);
  return await makeRuns(world, request, { cells: [{ name: UP, event, control: undefined }] });
}

async function upOnce(world: World): Promise<RunResult> {
  await using sandbox = await Sandbox.open(world);
  const startedWallMs = world.clock.wall();
  const { ended, cpuMs } = await timed(() => sandbox.up(SYSTEM));
  return {
    cell: UP,
    kind: "event",
    figures: { wallMs: ended.wallMs, ...(cpuMs === undefined ? {} : { cpuMs }) },
    facts: { phases: phasesOf(eventsIn(ended.stdout), startedWallMs) },
    readings: { [WALL]: { value: ended.wallMs, limit: UP_MS_MAX } },
    doubt: undefined,
  };
}

/** `start model-1 710, …`: when each step began and ended, in ms since the process was started. */
function phasesOf(events: readonly Event[], startedWallMs: number): string {
  const at = (event: Event): string => (Date.parse(event.at) - startedWallMs).toFixed(0);
  const steps = events.flatMap((event) => {
    if (event.kind === "operation-started" || event.kind === "operation-ended") {
      return [`${event.kind} ${at(event)}`];
    }
    if (event.kind !== "step-started" && event.kind !== "step-ended") return [];
    const { step } = event;
    const what = "instance" in step ? step.instance : "unit" in step ? step.unit : "";
    const edge = event.kind === "step-started" ? "from" : "to";
    return [`${step.action} ${what} ${edge} ${at(event)}`];
  });
  return steps.join(", ");
}

/** How many times as long as bare Node in the same series: what a machine's speed leaves alone. */
function withRatios(runs: readonly RunResult[]): readonly RunResult[] {
  const bare = runs.flatMap(({ kind, figures }) =>
    kind === "control" && figures["wallMs"] !== undefined ? [figures["wallMs"]] : [],
  );
  if (bare.length === 0) return runs;
  const bareMs = median(bare);
  return runs.map((run) => {
    const { wallMs } = run.figures;
    if (wallMs === undefined || run.cell === UP) return run;
    return { ...run, figures: { ...run.figures, timesBareNode: wallMs / bareMs } };
  });
}
