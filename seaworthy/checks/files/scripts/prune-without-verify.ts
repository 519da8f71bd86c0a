import { actsOf, type Act } from "../../../facts/scripts/acts.ts";
import { patternsMeet } from "../../../facts/scripts/pattern.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isMasked } from "./pipe-hides-dump-failure.ts";
import { isBackupScript, savesOf, scriptsOf, shortName, type Script } from "./scripts-of.ts";
import { outcomeOf, traceOf, type Moment } from "./trace.ts";

/** Retention that goes on deleting while nothing new is saved ends with nothing. */
export const pruneWithoutVerify: FileRule = {
  name: "prune-without-verify",
  summary: "old backups are deleted although the new one may have failed",
  check: (unit) => scriptsOf(unit).flatMap((script) => oneScript(script)),
};

function oneScript(script: Script): readonly Found[] {
  if (!isBackupScript(script)) return [];
  const trace = traceOf(script.shell);
  const order = new Map(trace.map((moment, index) => [moment.command, { moment, index }]));
  const acts = actsOf(script.shell);
  const verified = new Set(acts.flatMap(({ act, command }) => (act === "verify" ? command : [])));
  const prunes = acts.filter(({ act, program }) => act === "prune" && !KEEPERS.has(program));
  const unproved: { readonly prune: Act; readonly save: Act }[] = [];
  for (const prune of prunes) {
    const at = order.get(prune.command);
    if (at === undefined) continue;
    const save = savesOf(script).find((candidate) => {
      const saved = order.get(candidate.command);
      if (saved === undefined || saved.index > at.index || !concerns(prune, candidate))
        return false;
      const between = trace.slice(saved.index + 1, at.index);
      const { moment } = saved;
      return !isProved({ save: candidate, saved: moment, prune: at.moment, between, verified });
    });
    if (save !== undefined) unproved.push({ prune, save });
  }
  return unproved.length === 0 ? [] : [finding(script, unproved)];
}

/** They keep a number of good snapshots: a failed one takes no other's place. */
const KEEPERS = new Set(["restic", "borg"]);

/** Copies of single files beside a dump are not what a retention lives on. */
function concerns(prune: Act, { pattern, program }: Act): boolean {
  if (program === "cp" || program === "docker") return false;
  return (
    prune.pattern === "*" || isElsewhere(prune.pattern) || patternsMeet(prune.pattern, pattern)
  );
}

function isElsewhere(pattern: string): boolean {
  return /^[a-z0-9_-]{2,30}:/i.test(pattern);
}

interface Pair {
  readonly save: Act;
  readonly saved: Moment;
  readonly prune: Moment;
  readonly between: readonly Moment[];
  /** Commands that read an archive back. */
  readonly verified: ReadonlySet<ShellCommand>;
}

function isProved(pair: Pair): boolean {
  const { save, saved, prune, between } = pair;
  if (!isMasked(save) && outcomeOf(saved) === "stops") return true;
  const guards = [...prune.calls, prune.command].flatMap((command) => command.guards);
  const holds = guards.flatMap(({ when, of }) => (when === "success" ? of : []));
  if (holds.some((command) => provesSave(command, pair))) return true;
  return between.some(({ command }) => command.onFailure === "stops" && provesSave(command, pair));
}

/** A condition that holds only when the save went well. */
function provesSave(command: ShellCommand, { save, verified }: Pair): boolean {
  const { command: saved } = save;
  const masked = isMasked(save);
  if (command === saved) return !masked;
  if (command.statusOf !== undefined) return !masked && command.statusOf.pipe.id === saved.pipe.id;
  const [program = ""] = command.expanded;
  if (saved.within !== undefined && program === saved.within) return !masked;
  if (verified.has(command)) return true;
  if (!/^(?:\[|\[\[|test|\(\()/.test(program)) return false;
  return looksAtFile(command, saved, masked);
}

/** `[ -s file ]`, a size that is compared, a flag that was set. */
function looksAtFile(command: ShellCommand, saved: ShellCommand, masked: boolean): boolean {
  const { expanded, words } = command;
  if (expanded.includes("-d") || expanded.includes("-z") || expanded.includes("-n")) return false;
  if (expanded.includes("-f") || expanded.includes("-e")) return !masked;
  if (expanded.includes("-s")) return !masked || saved.pipe.length === 1;
  return words.some((word) => RESULT_NAMES.test(word));
}

const RESULT_NAMES =
  /\$\{?[A-Za-z_]{0,60}(?:size|bytes|status|ok|fail|err|rc|code|result|success)/i;

function finding(
  script: Script,
  unproved: readonly { readonly prune: Act; readonly save: Act }[],
): Found {
  const [first] = unproved;
  const places = unproved.map(({ prune }) => script.place(prune.command.line));
  const saves = [...new Set(unproved.map(({ save }) => save.command.line))].map(script.place);
  const what = first?.prune.pattern ?? "";
  return {
    severity: "error",
    message:
      `${shortName(script)}: \`${first?.prune.program ?? ""}\` deletes old backups` +
      `${what === "*" || what === "" ? "" : ` (\`${what}\`)`} whether or not ` +
      `\`${first?.save.program ?? ""}\` saved a new one`,
    places: [places[0] ?? script.place(1), ...places.slice(1), ...saves],
    why:
      "When the dump begins to fail, the retention deletes one more good copy each night until " +
      "nothing is left; nobody is told before the day it is needed.",
    fix:
      "Let the script end when the dump fails (`set -euo pipefail`), prove the new file " +
      "(`gzip -t`, a least size), and delete only after that; always keep the newest few.",
  };
}
