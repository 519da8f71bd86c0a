import { actsOf, type Act } from "../../../facts/scripts/acts.ts";
import { patternsMeet } from "../../../facts/scripts/pattern.ts";
import { baseName, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import {
  isBackupScript,
  listed,
  savesOf,
  scriptsOf,
  shortName,
  type Script,
} from "./scripts-of.ts";
import { isWithin } from "./stores.ts";

/** What is saved and put back by nothing is found out about on the worst day. */
export const restoreDoesNotCoverBackup: FileRule = {
  name: "restore-does-not-cover-backup",
  summary: "something is saved that nothing here can put back",
  check: (unit) => {
    const scripts = scriptsOf(unit.repository);
    const saves = scripts.filter(isBackupScript).flatMap((script) => ownSaves(script));
    if (saves.length === 0) return [];
    const restores = scripts.flatMap((script) => restoresOf(script));
    if (restores.length === 0) return isDescribed(unit) ? [] : [nothingRestores(saves)];
    const missing = saves.filter(
      (save) => !restores.some((restore) => covers(restore, save) || isGiven(restore, save, saves)),
    );
    return missing.length === 0 ? [] : [notCovered(missing, restores)];
  },
};

interface Save {
  readonly act: Act;
  readonly script: Script;
}

interface Restore {
  readonly act: Act;
  readonly script: Script;
  /** Every word of the script: what it names it may put back. */
  readonly words: string;
}

function ownSaves(script: Script): readonly Save[] {
  const all = savesOf(script);
  const isPacked = (act: Act): boolean =>
    // An archive of dumps is not a second thing that has to be put back.
    act.sources.length > 0 &&
    act.sources.every((source) =>
      all.some((other) => other !== act && isWithin(source, other.pattern)),
    );
  return all
    .filter((act) => isStateOfItsOwn(act) && !isPacked(act))
    .map((act): Save => ({ act, script }));
}

/** Copies into the folder of a dump are part of it, and logs are not put back. */
function isStateOfItsOwn({ program, pattern, sources }: Act): boolean {
  if (program === "cp" || program === "docker" || MANAGED.has(program)) return false;
  return ![pattern, ...sources].some((path) => /(?:^|[/_.-])logs?(?:[/_.-]|$)/i.test(path));
}

/** Their own tools restore what they saved. */
const MANAGED = new Set(["velero", "pgbackrest", "wal-g", "restic", "borg", "kopia", "duplicity"]);

function restoresOf(script: Script): readonly Restore[] {
  const acts = actsOf(script.shell).filter(({ act }) => act === "restore");
  if (acts.length === 0) return [];
  const words = script.shell.commands
    .filter(({ expanded }) => expanded[0] !== "echo" && expanded[0] !== "printf")
    .flatMap(({ expanded, assignments }) => [...expanded, ...assignments.map(({ value }) => value)])
    .join(" ");
  return acts.flatMap((act) => {
    const named = /restore|recover|rollback|import|恢复/i.test(
      `${baseName(script.path)} ${act.command.within ?? ""}`,
    );
    // Tables that a repository brings along are made, not put back.
    if (!named && /schema|init|seed|migrat|structure|fixture/i.test(act.pattern)) return [];
    return named || act.content !== "files" ? [{ act, script, words }] : [];
  });
}

function covers({ act, words }: Restore, { act: save }: Save): boolean {
  if (act.content !== "files" && act.content === save.content) return true;
  if (save.content !== "files") return save.content !== undefined && words.includes(save.content);
  const specific = /^\*?$/.test(act.pattern) ? "" : act.pattern;
  if (specific !== "" && patternsMeet(specific, save.pattern)) return true;
  return namesOf(save).some((name) => words.includes(name));
}

/** The caller names the archive, and the backup makes one of the kind. */
function isGiven({ act }: Restore, { act: save, script }: Save, saves: readonly Save[]): boolean {
  if (act.content !== "files" || save.content !== "files" || act.pattern !== "*") return false;
  const kin = saves.filter((one) => one.script === script && one.act.content === "files");
  return kin.length === 1;
}

/** What a restore would call it: the files that are saved, and the archive's own name. */
function namesOf({ pattern, sources }: Act): readonly string[] {
  const stem = baseName(pattern).split(/[*.]/, 1)[0] ?? "";
  return [
    stem.replace(/[_-]+$/, ""),
    ...sources.map((path) => baseName(path.replace(/\/$/, ""))),
  ].filter((name) => name.length > 2 && !name.includes("*"));
}

function notCovered(missing: readonly Save[], restores: readonly Restore[]): Found {
  const [first] = missing;
  const [restore] = restores;
  const places = missing.map(({ act, script }) => script.place(act.command.line));
  const seen = restores.slice(0, 2).map(({ act, script }) => script.place(act.command.line));
  return {
    severity: "error",
    message:
      `${listed(missing.map(({ act }) => act.pattern))} ` +
      `${missing.length === 1 ? "is" : "are"} saved by ` +
      `${first === undefined ? "" : shortName(first.script)}, ` +
      `and ${restore === undefined ? "no script" : shortName(restore.script)} puts back ` +
      `something else only`,
    places: [places[0] ?? FIRST_LINE, ...places.slice(1), ...seen],
    why:
      "After a loss the restore ends well and the data is missing; how it is put back is then " +
      "found out under pressure, with the only copy.",
    fix: "Give every archive that is saved a step that puts it back, and rehearse the restore.",
  };
}

function nothingRestores(saves: readonly Save[]): Found {
  const places = saves.map(({ act, script }) => script.place(act.command.line));
  const names = [...new Set(saves.map(({ script }) => shortName(script)))];
  return {
    severity: "warning",
    message:
      `${listed(names)} ${names.length === 1 ? "saves" : "save"} state, and nothing ` +
      `here restores it`,
    places: [places[0] ?? FIRST_LINE, ...places.slice(1, 4)],
    why:
      "The first restore is the one after the loss: which order, which flags and which users are " +
      "found out while everything is down.",
    fix: "Write the restore script beside the backup, and run it into an empty store by schedule.",
    cause: "no restore of the backups",
  };
}

const FIRST_LINE: Location = { file: "", line: 1 };

/** A runbook may say how: then there is something to go by. */
function isDescribed({ repository }: Unit): boolean {
  return repository.documents.tree.files.some(
    ({ path, text }) =>
      /restore/i.test(baseName(path)) ||
      (path.endsWith(".md") && repository.documents.tree.guide === undefined && RUNBOOK.test(text)),
  );
}

const RUNBOOK =
  /pg_restore|mongorestore|restic restore|(?:gunzip|zcat)[^\n]{0,100}\| ?(?:psql|mysql|docker)/;
