import { invocationOf, optionOf, type Invocation, type Place } from "./invocation.ts";
import { dumpOf } from "./dumps.ts";
import { pruneOf } from "./prunes.ts";
import { patternOf } from "./pattern.ts";
import { restoreOf, verifyOf } from "./restores.ts";
import { isRemote, shipOf } from "./ships.ts";
import type { Shell, ShellCommand } from "./shell.ts";
import { pipelinesOf, type Stages } from "./pipelines.ts";

/** What a command does with saved state. */
export interface Act {
  readonly act: "write" | "prune" | "verify" | "ship" | "restore";
  readonly command: ShellCommand;
  readonly program: string;
  readonly place: Place;
  /** File, folder or object, `*` for what only the run knows; empty when it cannot be told. */
  readonly pattern: string;
  /** `postgres`, `mysql`, `redis`, `mongodb`, `files`…; undefined when it cannot be told. */
  readonly content?: string;
  /** What is saved: paths for `files`, a database's name. */
  readonly sources: readonly string[];
}

/** A script with more is no backup; rules compare each with each. */
const ACTS_MAX = 300;

const known = new WeakMap<Shell, readonly Act[]>();

/** All that a script saves, prunes, proves, ships and restores, in the order of its text. */
export function actsOf(shell: Shell): readonly Act[] {
  const before = known.get(shell);
  if (before !== undefined) return before;
  const renames = renamesOf(shell);
  const made = pipelinesOf(shell)
    .flatMap((stages) => actsIn(stages))
    .slice(0, ACTS_MAX)
    .map((act) => (act.act === "write" ? { ...act, pattern: renamed(act.pattern, renames) } : act));
  known.set(shell, made);
  return made;
}

/** What a file is called after `gzip file`, `mv file other`, `openssl enc -in file -out other`. */
function renamesOf(shell: Shell): ReadonlyMap<string, string> {
  const renames = new Map<string, string>();
  for (const { expanded } of shell.commands) {
    const run = invocationOf(expanded);
    if (run === undefined) continue;
    const operands = run.args.filter((word) => !word.startsWith("-")).map(patternOf);
    const [from = "", to] = operands;
    const suffix = SUFFIXES.get(run.program);
    if (
      suffix !== undefined &&
      !run.args.some((word) => /^-\w*[cdt]|^--(?:test|dec|std)/.test(word))
    ) {
      renames.set(from, `${from}${suffix}`);
    } else if (run.program === "mv" && operands.length === 2 && to !== undefined) {
      if (!to.endsWith("/") && !from.endsWith("/")) renames.set(from, to);
    } else if (run.program === "openssl" || run.program === "gpg") {
      const input = optionOf(run.args, "-in");
      const output = optionOf(run.args, "-out", "-o", "--output");
      const source = input === undefined ? operands.at(-1) : patternOf(input);
      if (source !== undefined && output !== undefined) renames.set(source, patternOf(output));
    }
  }
  renames.delete("");
  renames.delete("*");
  return renames;
}

const SUFFIXES: ReadonlyMap<string, string> = new Map([
  ["gzip", ".gz"],
  ["pigz", ".gz"],
  ["bzip2", ".bz2"],
  ["xz", ".xz"],
  ["zstd", ".zst"],
]);

/** A file that is renamed in a circle keeps the name it has after so many. */
const RENAMES_MAX = 4;

function renamed(pattern: string, renames: ReadonlyMap<string, string>): string {
  let name = pattern;
  for (let round = 0; round < RENAMES_MAX; round += 1) name = renames.get(name) ?? name;
  return name;
}

function actsIn(stages: Stages): readonly Act[] {
  return stages.flatMap(({ command, run }, index): readonly Act[] => {
    const after = stages.slice(index);
    const own = { command, program: run.program, place: run.place, sources: [] };
    const dump = dumpOf(after);
    if (dump !== undefined) return [{ ...own, act: "write", ...dump }, ...shippedBy(after)];
    const prune = pruneOf(after, stages);
    if (prune !== undefined) return [{ ...own, act: "prune", pattern: prune }];
    const verify = verifyOf(run, stages);
    if (verify !== undefined) return [{ ...own, act: "verify", pattern: verify }];
    const ship = shipOf(run);
    if (ship !== undefined && index === 0) return [{ ...own, act: "ship", pattern: ship }];
    const restore = restoreOf(stages, index);
    return restore === undefined ? [] : [{ ...own, act: "restore", ...restore }];
  });
}

/** A dump that goes straight to another host or a bucket is shipped too. */
function shippedBy([dump, ...rest]: Stages): readonly Act[] {
  const place = dump === undefined ? undefined : dumpShips(dump.run);
  const found =
    place ?? rest.map(({ run }) => shipOf(run)).find((pattern) => pattern !== undefined);
  if (found === undefined || dump === undefined) return [];
  const { command, run } = dump;
  const own = { command, program: run.program, place: run.place, sources: [] };
  return [{ ...own, act: "ship", pattern: found }];
}

/** restic, borg and their like write into a repository that is elsewhere unless it is a path. */
function dumpShips({ program, args }: Invocation): string | undefined {
  if (!REPOSITORIES.has(program)) return undefined;
  const repository =
    optionOf(args, "-r", "--repo", "--repository") ?? args.find((word) => word.includes("::"));
  if (repository === undefined) return `${program}:`;
  return isRemote(repository) || repository.startsWith("$") ? patternOf(repository) : undefined;
}

const REPOSITORIES = new Set([
  "restic",
  "borg",
  "kopia",
  "duplicity",
  "wal-g",
  "pgbackrest",
  "velero",
]);
