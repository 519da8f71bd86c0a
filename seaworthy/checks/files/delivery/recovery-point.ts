import type { Pledge, Schedule } from "../../../facts/fact.ts";
import { baseName, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { isBackupScript, scriptsOf, type Script } from "../scripts/scripts-of.ts";
import { inEffect } from "./in-effect.ts";
import { listed, placesOf } from "./wording.ts";

/** Logs that are carried off all the time: no interval bounds what is lost. */
const CONTINUOUS =
  /archive_command|archive_mode|wal-g|pgbackrest|barman|mysqlbinlog|point-in-time|PITR|litestream/i;
const SAID_ELSEWHERE =
  /cron|systemd|\btimer\b|scheduled|nightly|hourly|每(?:天|日|小时|周)|定时|计划任务/i;

/** A recovery point that no schedule of the backups can give. */
export function recoveryPoint(unit: Unit): readonly Found[] {
  const { tree } = unit.documents;
  const backups = scriptsOf(unit).filter((script) => script.isScript && isBackupScript(script));
  if (backups.length === 0 || unit.openEdges.length > 0) return [];
  const rest = unit.documents.all.filter(({ kind }) => kind !== "prose");
  if (rest.some(({ file }) => CONTINUOUS.test(file.text))) return [];
  const [pledge] = unit.facts
    .of("pledge")
    .filter(({ what, figure, at }) => what === "rpo" && (figure ?? 0) > 0 && inEffect(at))
    .toSorted((left, right) => (left.figure ?? 0) - (right.figure ?? 0));
  const scheduled = backups.flatMap((script) => schedulesOf(unit, script));
  if (scheduled.length > 0) return pledge === undefined ? [] : tooRare(pledge, scheduled);
  if (pledge === undefined && tree.guide === undefined) return [];
  if (backups.some((script) => isSaidElsewhere(unit, script))) return [];
  return [neverRuns(backups, pledge)];
}

function schedulesOf(unit: Unit, { path }: Script): readonly Schedule[] {
  const name = baseName(path);
  return unit.repository.facts.of("schedule").filter(({ command, at }) => {
    return command.includes(name) || at.file === path || at.as === path;
  });
}

function tooRare(pledge: Pledge, schedules: readonly Schedule[]): readonly Found[] {
  const known = schedules.flatMap(({ everyMs, at, cron }) =>
    everyMs === undefined ? [] : [{ everyMs, at, cron }],
  );
  const [often] = known.toSorted((left, right) => left.everyMs - right.everyMs);
  const wanted = pledge.figure ?? 0;
  if (often === undefined || known.length < schedules.length || often.everyMs <= wanted) return [];
  return [
    {
      severity: "warning",
      message:
        `a recovery point of ${spoken(wanted)} is promised, and the backup runs every ` +
        `${spoken(often.everyMs)} (\`${often.cron}\`)`,
      places: placesOf(often.at, [pledge.at]),
      why: "All that was written since the last backup is lost: more than anybody has agreed to.",
      fix: `a schedule of at most ${spoken(wanted)}, or continuous archiving of the database's log`,
    },
  ];
}

/** The text, another script, a timer or a pipeline says when it runs. */
function isSaidElsewhere(unit: Unit, { path }: Script): boolean {
  const name = baseName(path);
  return unit.repository.documents.tree.files.some((file) => {
    if (file.path === path || !file.text.includes(name)) return false;
    if (/\.(?:timer|service)$|crontab|cron\.d/.test(file.path)) return true;
    return file.text
      .split("\n")
      .some((line) => line.includes(name) && line.length < 500 && SAID_ELSEWHERE.test(line));
  });
}

function neverRuns(backups: readonly Script[], pledge: Pledge | undefined): Found {
  const names = listed(backups.map(({ name }) => baseName(name)));
  const starts: readonly Location[] = backups.map((script) => script.place(1));
  const promise =
    pledge === undefined
      ? ""
      : `, and a recovery point of ${spoken(pledge.figure ?? 0)} is promised`;
  return {
    severity: pledge === undefined ? "note" : "warning",
    message: `nothing starts ${names}${promise}`,
    places: placesOf(starts[0] ?? { file: "", line: 1 }, [
      ...(pledge === undefined ? [] : [pledge.at]),
      ...starts,
    ]),
    why: "Backups are as old as the last time somebody thought of them; all written since is lost.",
    fix:
      pledge === undefined
        ? "a crontab line, a systemd timer or a CronJob for each, with an alert on its age"
        : `a schedule of at most ${spoken(pledge.figure ?? 0)}, and an alert on the backup's age`,
  };
}

function spoken(ms: number): string {
  if (ms % 86_400_000 === 0) return `${String(ms / 86_400_000)} d`;
  if (ms % 3_600_000 === 0) return `${String(ms / 3_600_000)} h`;
  return ms % 60_000 === 0 ? `${String(ms / 60_000)} min` : `${String(ms / 1000)} s`;
}
