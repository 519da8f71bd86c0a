import { imageFacts } from "../../../catalogues/images/images.ts";
import { actsOf, type Act } from "../../../facts/scripts/acts.ts";
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

/** Nothing ever reads a backup back. */
export const backupNeverVerified: FileRule = {
  name: "backup-never-verified",
  summary: "no step reads a backup back, so that nobody knows whether there is one",
  check: (unit) => {
    const backups = backupsOf(unit);
    if (backups.length === 0 || hasAct(unit, "verify")) return [];
    if (backups.every(({ saves }) => saves.every(({ program }) => CHECKED.has(program)))) return [];
    return [
      once(backups, {
        severity: "warning",
        message: (names) => `the backups of ${names} are never read back`,
        why:
          "An archive that cannot be unpacked, or that holds half of the tables, is found out " +
          "about " +
          "at the restore.",
        fix:
          "Read every archive right after it is made (`gzip -t`, `tar -tzf`, `pg_restore " +
          "-l`), and " +
          "restore one into an empty store by schedule.",
      }),
    ];
  },
};

/** The only copy lies on the machine that it is to protect. */
export const backupSameHost: FileRule = {
  name: "backup-same-host",
  summary: "backups stay on the machine that they protect",
  check: (unit) => {
    const backups = backupsOf(unit);
    if (backups.length === 0 || hasAct(unit, "ship") || goesElsewhere(unit, backups)) return [];
    if (writesShipment(unit)) return [];
    return [
      once(backups, {
        severity: "warning",
        message: (names) => `the backups of ${names} stay on this host: nothing carries them off`,
        why:
          "A dead disk, a wrong `rm`, or whoever breaks in takes the data and its backups at " +
          "once.",
        fix:
          "Copy every archive to another place (object storage, another site) with a key that " +
          "may write but not delete.",
      }),
    ];
  },
};

interface Backup {
  readonly script: Script;
  readonly saves: readonly Act[];
}

function backupsOf({ repository }: Unit): readonly Backup[] {
  return scriptsOf(repository)
    .filter((script) => isBackupScript(script))
    .map((script) => ({ script, saves: savesOf(script) }));
}

/** They check what they wrote as they write it. */
const CHECKED = new Set(["pgbackrest", "wal-g", "velero"]);

function hasAct({ repository }: Unit, wanted: Act["act"]): boolean {
  return scriptsOf(repository).some(({ shell }) => actsOf(shell).some(({ act }) => act === wanted));
}

/** A mounted share, an image whose purpose it is, a schedule of another kind. */
function goesElsewhere({ repository }: Unit, backups: readonly Backup[]): boolean {
  const patterns = backups.flatMap(({ saves }) => saves.map(({ pattern }) => pattern));
  if (patterns.some((pattern) => /^\/(?:mnt|media|net|nfs|nas)\/|^[\w.-]{2,}:/.test(pattern)))
    return true;
  return repository.facts.of("component").some(({ image }) => {
    const name = image?.value ?? "";
    return imageFacts(name)?.store === undefined && /backup|rclone|restic|velero|duplic/.test(name);
  });
}

/** A script that another script writes out, as an installer of a nightly copy does. */
function writesShipment({ repository }: Unit): boolean {
  return scriptsOf(repository).some(({ path }) => {
    const file = repository.documents.tree.files.find((one) => one.path === path);
    return /\brclone (?:sync|copy|move)\b|\brestic\b[^\n]{0,200}\bbackup\b/.test(
      file?.text.slice(0, 200_000) ?? "",
    );
  });
}

interface Absence {
  readonly severity: Found["severity"];
  readonly message: (names: string) => string;
  readonly why: string;
  readonly fix: string;
}

/** One finding for all backups of a repository, at the first of each script. */
function once(backups: readonly Backup[], absence: Absence): Found {
  const names = listed(backups.map(({ script }) => shortName(script)));
  const places = backups.flatMap(({ script, saves }) =>
    saves.slice(0, 1).map(({ command }) => script.place(command.line)),
  );
  const { severity, message, why, fix } = absence;
  const [first = { file: "", line: 1 }, ...rest] = places;
  return { severity, message: message(names), places: [first, ...rest.slice(0, 5)], why, fix };
}
