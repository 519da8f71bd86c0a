import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guideText, writeTree } from "./check-tree.ts";
import { notInstalled } from "./machine.ts";
import { makeRuns } from "./make-runs.ts";
import type { Bar, Bench, Measured, NotRun, Request, RunResult, World } from "./measured.ts";
import { median } from "./statistics.ts";
import { complaintOf, type Program, runProgram, tool } from "./verb.ts";

const WALL = "wall time (ms)";
const RUNS_MIN = 5;
/** A linter of compose files alone, from npm: what it reads is a tenth of what we read. */
const DCLINT = "dclint@3.1.0";

interface Subject {
  readonly cell: string;
  readonly path: string;
  readonly wallMsMax: number;
}

const SUBJECTS: readonly Subject[] = [
  { cell: "guide", path: "guide.md", wallMsMax: 500 },
  { cell: "100 files", path: "hundred", wallMsMax: 2_000 },
  { cell: "1,000 files", path: "thousand", wallMsMax: 10_000 },
];
const PEERS_CELL = "100 files";

export const check: Bench = {
  name: "check",
  about: "check of a guide, 100 and 1,000 files, beside dclint and shellcheck on the same files",
  run: async (world, request) => {
    const folder = await mkdtemp(join(tmpdir(), "sw-bench-check-"));
    try {
      return await measure(world, { ...request, runs: Math.max(RUNS_MIN, request.runs) }, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function measure(world: World, request: Request, folder: string): Promise<Measured> {
  await writeFile(join(folder, "guide.md"), guideText());
  for (const [name, count] of [["hundred", 100] as const, ["thousand", 1000] as const]) {
    await mkdir(join(folder, name));
    await writeTree(join(folder, name), count);
  }
  const { peers, notRun } = await peersOf(world, folder);
  const own = SUBJECTS.map(({ cell, path, wallMsMax }) => ({
    name: cell,
    event: () =>
      once(world, {
        cell,
        command: tool(world, ["check", path, "--no-native"]),
        folder,
        wallMsMax,
      }),
    control: undefined,
  }));
  // The first start fills the compile cache, and the machine's cache of files.
  for (const { event } of own) await event();
  const beside = peers.map(({ cell, command }) => ({
    name: cell,
    event: () => once(world, { cell, command, folder, wallMsMax: undefined }),
    control: undefined,
  }));
  const runs = await makeRuns(world, request, { cells: [...own, ...beside], isQuiet: true });
  return { runs: withRatios(runs, peers), bars: bars(), notRun };
}

function bars(): readonly Bar[] {
  return SUBJECTS.map(({ cell, wallMsMax }) => ({
    cell,
    name: WALL,
    limit: `${wallMsMax} ms`,
    runsNeeded: RUNS_MIN,
  }));
}

interface Peer {
  readonly cell: string;
  readonly command: Program["command"];
}

/** Each peer on the part of the hundred files that it can read. */
async function peersOf(
  world: World,
  folder: string,
): Promise<{ readonly peers: readonly Peer[]; readonly notRun: readonly NotRun[] }> {
  const peers: Peer[] = [];
  const notRun: NotRun[] = [];
  const install: Program["command"] = ["npm", "install", "--silent", "--no-audit", DCLINT];
  const home = join(folder, "peer");
  await mkdir(home);
  await writeFile(join(home, "package.json"), "{}\n");
  const { environment } = world;
  const installed = await runProgram({ command: install, cwd: home, environment }, world);
  if (installed.code === 0) {
    const program = join(home, "node_modules/.bin/dclint");
    peers.push({ cell: "dclint", command: [program, "--recursive", "--quiet", "hundred"] });
  } else {
    notRun.push({ what: "dclint", because: complaintOf("npm install", installed) });
  }
  if (notInstalled(["shellcheck"], environment["PATH"]).length === 0) {
    const scripts = Array.from({ length: 10 }, (_, at) => `hundred/shop${at}/scripts/backup.sh`);
    peers.push({ cell: "shellcheck", command: ["shellcheck", ...scripts] });
  } else {
    notRun.push({ what: "shellcheck", because: "apt-get install shellcheck" });
  }
  return { peers, notRun };
}

/** One whole process. Findings are no failure: every checker says so by a status of its own. */
async function once(
  world: World,
  run: {
    readonly cell: string;
    readonly command: Program["command"];
    readonly folder: string;
    readonly wallMsMax: number | undefined;
  },
): Promise<RunResult> {
  const { cell, command, folder, wallMsMax } = run;
  const { environment } = world;
  const ended = await runProgram({ command, cwd: folder, environment }, world);
  if (![0, 1, 10].includes(ended.code)) throw new Error(complaintOf(cell, ended));
  return {
    cell,
    kind: "event",
    figures: { wallMs: ended.wallMs },
    facts: {},
    readings: wallMsMax === undefined ? {} : { [WALL]: { value: ended.wallMs, limit: wallMsMax } },
    doubt: undefined,
  };
}

/** How many times as long as each peer took, which read one format of the same files. */
function withRatios(runs: readonly RunResult[], peers: readonly Peer[]): readonly RunResult[] {
  const ratios = peers.flatMap(({ cell }) => {
    const all = runs.flatMap((run) => (run.cell === cell ? (run.figures["wallMs"] ?? []) : []));
    return all.length === 0 ? [] : [{ cell, peerMs: median(all) }];
  });
  return runs.map((run) => {
    const { wallMs } = run.figures;
    if (run.cell !== PEERS_CELL || wallMs === undefined) return run;
    const times = ratios.map(({ cell, peerMs }) => [`times ${cell}`, wallMs / peerMs] as const);
    return { ...run, figures: { ...run.figures, ...Object.fromEntries(times) } };
  });
}
