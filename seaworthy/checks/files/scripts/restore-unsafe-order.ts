import { actsOf, type Act } from "../../../facts/scripts/acts.ts";
import { dockerVerb, invocationOf } from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import { tarOf } from "../../../facts/scripts/tar.ts";
import { baseName } from "../../../facts/source.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { scriptsOf, shortName, type Script } from "./scripts-of.ts";
import { traceOf } from "./trace.ts";

/** A restore first proves what it will put back, and only then takes anything away. */
export const restoreUnsafeOrder: FileRule = {
  name: "restore-unsafe-order",
  summary: "a restore stops or deletes before the archive is proven, or looks for it elsewhere",
  check: (unit) => scriptsOf(unit).flatMap((script) => oneScript(script)),
};

function oneScript(script: Script): readonly Found[] {
  const acts = actsOf(script.shell);
  const restore = acts.find((act) => isRestore(script, act));
  if (restore === undefined) return [];
  const order = traceOf(script.shell).map(({ command }) => command);
  const before = order.slice(0, order.indexOf(restore.command));
  const verified = acts.some(({ act, command }) => act === "verify" && before.includes(command));
  return [
    ...(verified ? [] : takesAwayFirst({ script, restore, before })),
    ...looksElsewhere({ script, restore, before }),
    ...mixes({ script, restore, before }),
  ];
}

function isRestore({ path }: Script, { act, command, content }: Act): boolean {
  if (act !== "restore") return false;
  const named = /restore|recover|恢复/i.test(`${baseName(path)} ${command.within ?? ""}`);
  return named && content !== undefined;
}

interface Restoring {
  readonly script: Script;
  readonly restore: Act;
  /** What has run until then. */
  readonly before: readonly ShellCommand[];
}

function takesAwayFirst({ script, restore, before }: Restoring): readonly Found[] {
  // What another function takes away, after all is done or for itself, is not the restore's.
  const drop = before.find(
    (command) =>
      drops(command) &&
      (command.within === undefined ||
        command.within === restore.command.within ||
        RESTORES.test(command.within)),
  );
  const stop = before.find((command) => stops(command));
  const goesOn = restore.command.onFailure === "ignored";
  const first = drop ?? (goesOn ? stop : undefined);
  if (first === undefined) return [];
  const asked = before.some(({ expanded }) => expanded[0] === "read");
  if (drop === undefined && asked) return [];
  const what = drop === undefined ? "stops the service" : "deletes what is there";
  return [
    {
      severity: "warning",
      message:
        `${shortName(script)} ${what} before the archive is proven` +
        (goesOn ? ", and goes on when it cannot be read" : ""),
      places: [script.place(first.line), script.place(restore.command.line)],
      why:
        drop === undefined
          ? "With a wrong path or a broken archive the outage begins all the same, and the old " +
            "state is started again as if it were restored."
          : "With a wrong path or a broken archive the state that was still there is gone too.",
      fix:
        "Prove the archive first (`tar -tzf`, `gzip -t`, `pg_restore -l`), unpack beside the old " +
        "state, swap at the end; `set -euo pipefail` at the top.",
    },
  ];
}

const RESTORES = /restore|recover|drop|wipe|replace|恢复/i;

function stops({ expanded }: ShellCommand): boolean {
  const docker = dockerVerb(expanded);
  if (docker !== undefined) return /^(?:down|stop|kill|rm)$/.test(docker.verb);
  const run = invocationOf(expanded);
  return (run?.program === "systemctl" || run?.program === "service") && run.args.includes("stop");
}

function drops({ expanded }: ShellCommand): boolean {
  const run = invocationOf(expanded);
  if (run === undefined) return false;
  const text = run.args.join(" ").slice(0, 1_000);
  if (run.program === "dropdb") return true;
  if (/^(?:psql|mysql|mariadb)$/.test(run.program))
    return /\bdrop (?:database|schema)\b/i.test(text);
  if (run.program === "docker")
    return /^volume rm\b/.test(text) || /\bdown\b.*(?:-v\b|--volumes)/.test(text);
  return run.program === "rm" && /-\w*r/.test(text) && !/\/tmp\b|\$\{?(?:TMP|TEMP)/i.test(text);
}

/** `cd /tmp/x` and then an archive that was given from the caller's folder. */
function looksElsewhere({ script, restore, before }: Restoring): readonly Found[] {
  const moved = before.findLast(({ expanded }) => expanded[0] === "cd" && expanded.length > 1);
  const archive = archiveOf(restore);
  if (moved === undefined || !/^["']?\$\{?[1-9]/.test(archive)) return [];
  const resolved = script.shell.commands.some(({ expanded }) =>
    /^(?:realpath|readlink)$/.test(expanded[0] ?? ""),
  );
  if (resolved || moved.within !== restore.command.within) return [];
  return [
    {
      severity: "warning",
      message:
        `${shortName(script)} changes to \`${moved.expanded[1] ?? ""}\` and then opens ` +
        `\`${archive}\`, ` +
        "which the caller named from another folder",
      places: [script.place(moved.line), script.place(restore.command.line)],
      why:
        "A relative archive name, the usual one, is not found: the restore fails after the " +
        "stop.",
      fix: 'Resolve it first (`archive=$(realpath "$1")`), or leave the `cd` out and use `tar -C`.',
    },
  ];
}

function archiveOf({ command, program }: Act): string {
  const run = invocationOf(command.expanded);
  if (run === undefined) return "";
  if (program === "tar") return tarOf(run.args).archive ?? "";
  return run.args.findLast((word) => !word.startsWith("-")) ?? "";
}

/** A fixed folder that an earlier restore has filled. */
function mixes({ script, before }: Restoring): readonly Found[] {
  const made = before.find(
    ({ expanded }) =>
      expanded[0] === "mkdir" && expanded.some((word) => /^\/(?:var\/)?tmp\/[\w.-]+$/.test(word)),
  );
  const folder = made?.expanded.at(-1);
  if (made === undefined || folder === undefined) return [];
  const cleared = script.shell.commands.some(
    ({ expanded }) =>
      expanded.some((word) => word === "rm") && expanded.some((word) => word.startsWith(folder)),
  );
  if (cleared) return [];
  return [
    {
      severity: "note",
      message: `${shortName(script)} unpacks into \`${folder}\`, which is never emptied`,
      places: [script.place(made.line)],
      why: "Files of an earlier restore are mixed with those of this one.",
      fix: "`mktemp -d`, and remove it at the end.",
    },
  ];
}
