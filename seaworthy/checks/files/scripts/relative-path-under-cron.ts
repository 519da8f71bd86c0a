import type { CronEntry } from "../../../facts/scripts/crontab.ts";
import {
  dockerVerb,
  invocationOf,
  optionOf,
  type Invocation,
} from "../../../facts/scripts/invocation.ts";
import { patternOf } from "../../../facts/scripts/pattern.ts";
import { readShell, type ShellCommand } from "../../../facts/scripts/shell.ts";
import { tarOf } from "../../../facts/scripts/tar.ts";
import { at, baseName, type Location } from "../../../facts/source.ts";
import type { FileRule, Found } from "../file-rule.ts";
import {
  isBackupScript,
  listed,
  runsInContainer,
  scriptsOf,
  shortName,
  type Scope,
  type Script,
} from "./scripts-of.ts";
import { traceOf } from "./trace.ts";

/** Cron starts in the home folder of its user, wherever the script lies. */
export const relativePathUnderCron: FileRule = {
  name: "relative-path-under-cron",
  summary: "a scheduled script names files from the folder it was tried in",
  check: (unit) => {
    const scripts = scriptsOf(unit.repository).filter(({ isScript }) => isScript);
    return scheduled(unit).flatMap(({ entry, place }) => {
      const script = scripts.find((candidate) => startedBy(entry, candidate));
      if (script === undefined || runsInContainer(script, unit.repository)) return [];
      return oneScript(script, place);
    });
  },
};

interface Scheduled {
  readonly entry: CronEntry;
  readonly place: Location;
}

function scheduled({ documents }: Scope): readonly Scheduled[] {
  return [...documents.of("shell"), ...documents.of("crontab")].flatMap(({ file, entries }) =>
    entries.map((entry) => ({ entry, place: at(file, entry.line) })),
  );
}

/** The entry names the script, and does not change to a folder first. */
function startedBy({ command }: CronEntry, { path }: Script): boolean {
  const { commands } = readShell(command);
  if (commands.some(({ expanded }) => expanded[0] === "cd")) return false;
  const name = baseName(path);
  return commands.some(({ expanded }) => expanded.some((word) => baseName(word) === name));
}

function oneScript(script: Script, entry: Location): readonly Found[] {
  const uses = relativeUses(script);
  const [first] = uses;
  if (first === undefined) return [];
  const saves = isBackupScript(script);
  const names = uses.map(({ path }) => path);
  return [
    {
      severity: saves ? "error" : "warning",
      message:
        `${shortName(script)} runs from cron, whose working folder is the user's home, and names ` +
        `${listed(names)} from the current folder`,
      places: [script.place(first.line), entry],
      why: saves
        ? "By hand it works; at night it finds nothing there and saves an archive without content."
        : "By hand it works; at night the files are not found, and cron's mail is read by nobody.",
      fix: 'Begin with `cd "$(dirname "$0")" || exit 1` (or a folder above), or write full paths.',
    },
  ];
}

interface RelativeUse {
  readonly path: string;
  readonly line: number;
}

/** Before the script changes to a folder of its own. */
function relativeUses(script: Script): readonly RelativeUse[] {
  const uses: RelativeUse[] = [];
  for (const { command } of traceOf(script.shell)) {
    if (command.carrier !== undefined) continue;
    const run = invocationOf(command.expanded);
    if (run?.program === "cd" || run?.program === "pushd") {
      if (!isRelative(run.args[0] ?? "/")) break;
    }
    for (const path of usedPaths(command, run)) {
      if (isRelative(path)) uses.push({ path: patternOf(path), line: command.line });
    }
  }
  return uses;
}

/** The words of a command that are surely files of the host. */
function usedPaths(command: ShellCommand, run: Invocation | undefined): readonly string[] {
  const written = command.redirects
    .filter(({ operator, body }) => /^&?>>?$/.test(operator) && body === undefined)
    .map(({ expanded }) => expanded);
  if (run === undefined || run.place.type !== "here") return written;
  const operands = run.args.filter((word) => !word.startsWith("-"));
  switch (run.program) {
    case "tar": {
      const { archive, operands: sources, folder } = tarOf(run.args);
      return [...written, archive ?? "/", ...(folder === undefined ? sources : [folder])];
    }
    case "cp":
    case "mv":
    case "cd":
      return [...written, ...operands];
    case "find":
      return [...written, operands[0] ?? "/"];
    case "source":
    case ".":
      return [...written, operands[0] ?? "/"];
    case "docker":
    case "docker-compose": {
      const docker = dockerVerb([run.program, ...run.args]);
      if (docker?.engine !== "compose") return written;
      const file = optionOf(docker.options, "-f", "--file");
      return [...written, file ?? "/"];
    }
    default:
      return written;
  }
}

/** `config/`, `./x`, `../x`, `compose.yml`; not an option, a variable, a glob or `-`. */
function isRelative(path: string): boolean {
  return /^(?:\.{1,2}(?:\/|$)|[A-Za-z0-9_][\w.-]{0,200}(?:\/|$))/.test(path) && !path.includes(":");
}
