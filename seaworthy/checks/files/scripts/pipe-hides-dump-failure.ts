import { actsOf, type Act } from "../../../facts/scripts/acts.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import type { Location } from "../../../facts/source.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { listed, scriptsOf, shortName, type Script } from "./scripts-of.ts";

/** The status of a pipeline is that of its last command, so a dump that fails looks fine. */
export const pipeHidesDumpFailure: FileRule = {
  name: "pipe-hides-dump-failure",
  summary: "a failed dump looks successful, because only the end of its pipe is looked at",
  check: (unit) => scriptsOf(unit).flatMap((script) => oneScript(script)),
};

function oneScript(script: Script): readonly Found[] {
  const acts = actsOf(script.shell);
  const hidden = acts.filter((act) => isMasked(act) && !isReadBack(act, acts));
  const [first] = hidden;
  if (first === undefined) return [];
  const later = hidden.map(({ command }) => script.place(command.line));
  const asked = script.shell.commands.filter(({ statusOf }) =>
    hidden.some(({ command }) => statusOf?.pipe.id === command.pipe.id),
  );
  const { program } = first;
  const end = endOfPipe(script, first.command);
  const wrong = asked.length > 0 ? `, and \`$?\` below is the status of \`${end}\`` : "";
  const places: readonly Location[] = [...later, ...asked.map(({ line }) => script.place(line))];
  const named = hidden.map(({ pattern }) => pattern).filter((pattern) => pattern !== "*");
  const names = named.length === 0 ? "what it writes" : listed(named);
  return [
    {
      severity: "error",
      message:
        `${shortName(script)}: when \`${program}\` fails, the pipe into \`${end}\` still succeeds` +
        `${wrong}; ${names} then counts as saved without its data`,
      places: [places[0] ?? script.place(first.command.line), ...places.slice(1)],
      why:
        "A wrong password, a full disk or a stopped container leaves a 20-byte archive and exit " +
        "status 0; it is noticed on the day of the restore.",
      fix:
        "Begin the script with `set -euo pipefail` (bash), or dump to a file and compress it " +
        "afterwards; then prove the file (`gzip -t`, a least size).",
    },
  ];
}

/** Its failure is neither read nor passed on, and something after it in the pipe decides. */
export function isMasked({ act, command, content, program, pattern }: Act): boolean {
  if (act !== "write" || pattern === "" || command.pipefail) return false;
  const { position, length } = command.pipe;
  if (position >= length - 1 || command.onFailure !== "ignored") return false;
  return content !== undefined && !["cp", "rsync", "docker", "zip"].includes(program);
}

/** Something reads the archive's own structure afterwards: an empty one would be noticed. */
function isReadBack({ pattern }: Act, acts: readonly Act[]): boolean {
  return acts.some(
    (other) =>
      other.act === "verify" &&
      (other.program === "tar" || other.program === "pg_restore") &&
      (other.pattern === pattern || other.pattern.endsWith("*")),
  );
}

function endOfPipe({ shell }: Script, command: ShellCommand): string {
  const stages = shell.commands.filter(
    ({ pipe, substituted }) => pipe.id === command.pipe.id && !substituted,
  );
  return stages.at(-1)?.expanded[0] ?? "the next command";
}
