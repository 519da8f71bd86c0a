import type { Act } from "../../../facts/scripts/acts.ts";
import { baseName } from "../../../facts/source.ts";
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
import { isNamed, isSameEngine, isWithin, storesOf, type Store } from "./stores.ts";

/** Something that cannot be made again is in no backup. */
export const backupMissesState: FileRule = {
  name: "backup-misses-state",
  summary: "a store, or the only copy of the secrets, is in no backup",
  check: (unit) => {
    const backups = scriptsOf(unit.repository).filter((script) => isBackupScript(script));
    if (backups.length === 0) return [];
    const saves = backups.flatMap((script) => savesOf(script));
    return [...missedStores({ unit, backups, saves }), ...missedSecrets({ unit, backups, saves })];
  },
};

interface Looking {
  readonly unit: Unit;
  readonly backups: readonly Script[];
  readonly saves: readonly Act[];
}

function missedStores({ unit, backups, saves }: Looking): readonly Found[] {
  const words = backups
    .flatMap(({ shell }) => shell.commands.flatMap(({ expanded }) => expanded))
    .join(" ");
  const missed = oncePerName(storesOf(unit.repository.facts.of("component"))).filter(
    (store) =>
      store.mounts.length > 0 &&
      !isCache(store) &&
      !isOneOfSeveral(store, unit) &&
      !saves.some((save) => covers(save, store)) &&
      !words.includes(store.component.name),
  );
  const [first, ...rest] = missed;
  const [backup] = backups;
  if (first === undefined || backup === undefined) return [];
  const names = missed.map(({ component }) => component.name);
  return [
    {
      severity: "warning",
      message:
        `${listed(names)} ${missed.length === 1 ? "keeps" : "keep"} state, and ` +
        `${listed(backups.map((script) => shortName(script)))} ` +
        `${backups.length === 1 ? "does" : "do"} not save it`,
      places: [
        first.mounts[0]?.at ?? first.component.at,
        ...rest.slice(0, 4).map(({ component, mounts }) => mounts[0]?.at ?? component.at),
        backup.place(saves[0]?.command.line ?? 1),
      ],
      why:
        "After the loss of the disk these start empty, while everybody thinks there are " +
        "backups.",
      fix: "Add a dump or snapshot for each, and a step that puts it back.",
    },
  ];
}

/** Several compose files of one system start the same store. */
function oncePerName(stores: readonly Store[]): readonly Store[] {
  const byName = new Map(stores.map((store) => [store.component.name, store]));
  return [...byName.values()];
}

/** What is rebuilt from elsewhere, or is for a developer's machine. */
function isCache({ engine, component }: Store): boolean {
  // Redis keeps a queue or sessions where its log of writes is on; else it is mostly a cache.
  const words = component.command?.value.join(" ") ?? "";
  if (isSameEngine(engine, "redis") && !/appendonly|redis\.conf/.test(words)) return true;
  return (
    /memcached|prometheus|zookeeper|loki|tempo|jaeger|mimir/.test(engine) ||
    /cache|test|dev|demo/i.test(component.name) ||
    /(?:^|[-_./])(?:dev|local|test|ci|example|demo)[-_./]/i.test(
      component.at.as ?? component.at.file,
    )
  );
}

/** A replica holds what its primary holds. */
function isOneOfSeveral({ component, engine }: Store, unit: Unit): boolean {
  if (!/slave|replica|secondary|standby/i.test(component.name)) return false;
  return storesOf(unit.repository.facts.of("component")).some(
    (other) => other.component !== component && isSameEngine(other.engine, engine),
  );
}

function covers(save: Act, { component, engine, mounts }: Store): boolean {
  if (save.content !== undefined && isSameEngine(save.content, engine)) return true;
  if (save.place.type === "container" && isNamed(component, save.place.name)) return true;
  return save.sources.some((path) =>
    mounts.some(({ source, target }) => {
      if (source === undefined) return false;
      return path.includes(source) || isWithin(path, source) || isWithin(path, target);
    }),
  );
}

/** The file of secrets that the containers are given, beside configuration that is saved. */
function missedSecrets({ unit, backups, saves }: Looking): readonly Found[] {
  const folders = saves.filter(
    ({ content, sources }) =>
      content === "files" &&
      sources.some((path) => /compose[\w.-]*\.ya?ml$|(?:^|\/)config\/?$/.test(path)),
  );
  const [save] = folders;
  const script = backups.find((candidate) => savesOf(candidate).some((act) => act === save));
  if (save === undefined || script === undefined) return [];
  const words = backups.flatMap(({ shell }) => shell.commands.flatMap(({ expanded }) => expanded));
  if (words.some((word) => /(?:^|\/)\.env/.test(word) || word === "." || word === "./")) return [];
  const file = unit.repository.documents.of("environment").find(({ file: { path, text } }) => {
    const name = baseName(path);
    return (
      name.startsWith(".env") &&
      !/example|sample|template|dist|test|dev/.test(name) &&
      SECRET.test(text)
    );
  });
  if (file === undefined) return [];
  const origin = file.file.origin?.(1);
  return [
    {
      severity: "warning",
      message:
        `${shortName(script)} saves the configuration and leaves out ` +
        `\`${baseName(file.file.path)}\`, which holds its secrets`,
      places: [
        script.place(save.command.line),
        origin === undefined
          ? { file: file.file.path, line: 1 }
          : { ...origin, as: file.file.path },
      ],
      why:
        "After the loss of the host the passwords and keys exist nowhere else: data that " +
        "is restored cannot be read.",
      fix: "Keep it in a secret store, or save it encrypted (`age`, `gpg`) with the rest.",
    },
  ];
}

const SECRET = /^[A-Z_]{0,60}(?:PASSWORD|SECRET|KEY|TOKEN)[A-Z_]{0,40}=/m;
