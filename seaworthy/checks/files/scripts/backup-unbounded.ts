import { actsOf, type Act } from "../../../facts/scripts/acts.ts";
import { invocationOf } from "../../../facts/scripts/invocation.ts";
import { patternOf, patternsMeet } from "../../../facts/scripts/pattern.ts";
import type { FileRule, Found } from "../file-rule.ts";
import {
  isBackupScript,
  listed,
  savesOf,
  scriptsOf,
  shortName,
  type Script,
} from "./scripts-of.ts";

/** Every run adds a file and nothing takes one away. */
export const backupUnbounded: FileRule = {
  name: "backup-unbounded",
  summary: "archives that no step ever deletes",
  check: (unit) => {
    const scripts = scriptsOf(unit.repository);
    const prunes = scripts.flatMap(({ shell }) =>
      actsOf(shell).filter(({ act }) => act === "prune"),
    );
    return scriptsOf(unit).flatMap((script) => oneScript(script, prunes));
  },
};

function oneScript(script: Script, prunes: readonly Act[]): readonly Found[] {
  if (!isBackupScript(script)) return [];
  const cleared = clearedBy(script);
  const own = new Set(script.shell.commands);
  const kept = savesOf(script).filter(({ pattern, program, sources }) => {
    if (program === "cp" || program === "docker" || !isNewEachTime(pattern)) return false;
    if (isInWorkFolder(script, pattern)) return false;
    if (sources.some((source) => cleared.includes(source))) return false;
    return (
      ![...prunes].some(
        (prune) =>
          patternsMeet(prune.pattern, pattern) ||
          isAbove(prune.pattern, pattern) ||
          (prune.pattern === "*" && own.has(prune.command)),
      ) && !cleared.some((path) => patternsMeet(path, pattern) || pattern.startsWith(`${path}/`))
    );
  });
  const [first, ...rest] = kept;
  if (first === undefined) return [];
  return [
    {
      severity: "warning",
      message:
        `${shortName(script)} adds ${listed(kept.map(({ pattern }) => pattern))} at every ` +
        `run, and ` +
        "nothing deletes old ones",
      places: [
        script.place(first.command.line),
        ...rest.map(({ command }) => script.place(command.line)),
      ],
      why:
        "The disk fills; from then on the backups fail, and with them whatever shares that " +
        "disk.",
      fix: "Delete by age after a proven backup, and always keep the newest few.",
    },
  ];
}

/** A local file whose name carries what changes: a date, a number. */
function isNewEachTime(pattern: string): boolean {
  if (/^[\w.-]{2,30}:/.test(pattern) || pattern.startsWith("/tmp/") || pattern === "*")
    return false;
  return pattern.includes("*");
}

/** A fixed name in a folder of `mktemp -d`: it goes with the folder. */
function isInWorkFolder({ shell }: Script, pattern: string): boolean {
  const makes = shell.commands.some(({ expanded }) => expanded[0] === "mktemp");
  return makes && pattern.startsWith("*/") && !pattern.slice(2).includes("*");
}

function isAbove(prune: string, pattern: string): boolean {
  return prune.endsWith("/*") && pattern.startsWith(prune.slice(0, -1));
}

/** What the script itself removes again, as after a copy to elsewhere. */
function clearedBy({ shell }: Script): readonly string[] {
  return shell.commands.flatMap(({ expanded }) => {
    const run = invocationOf(expanded);
    if (run?.program !== "rm") return [];
    return run.args.filter((word) => !word.startsWith("-")).map(patternOf);
  });
}
