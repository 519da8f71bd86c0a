import type { Act } from "../../../facts/scripts/acts.ts";
import { invocationOf, optionOf } from "../../../facts/scripts/invocation.ts";
import type { Component } from "../../../facts/fact.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { savesOf, scriptsOf, shortName, type Script } from "./scripts-of.ts";
import { isNamed, isSameEngine, storesOf, type Store } from "./stores.ts";
import { traceOf } from "./trace.ts";

/** A copy that no store can be started from again. */
export const backupNotConsistent: FileRule = {
  name: "backup-not-consistent",
  summary:
    "a copy of a running store's files, one shard of several, or a dump without its " + "position",
  check: (unit) => {
    const stores = storesOf(unit.repository.facts.of("component"));
    return scriptsOf(unit).flatMap((script) => {
      const saves = savesOf(script);
      return [
        ...saves.flatMap((save) => liveFiles({ script, save, stores })),
        ...oneShard({ unit, script, saves, stores }),
        ...withoutPosition({ script, saves, stores }),
        ...withoutRoles(script, saves),
      ];
    });
  },
};

interface Saved {
  readonly script: Script;
  readonly save: Act;
  readonly stores: readonly Store[];
}

/** Folders that a running server writes to: the defaults of images and packages. */
const DATA_FOLDERS: readonly (readonly [string, string])[] = [
  ["/var/lib/postgresql", "PostgreSQL"],
  ["/var/lib/mysql", "MySQL"],
  ["/var/lib/mongodb", "MongoDB"],
  ["/data/db", "MongoDB"],
  ["/prometheus", "Prometheus"],
  ["/var/lib/prometheus", "Prometheus"],
  ["/var/lib/elasticsearch", "Elasticsearch"],
  ["/usr/share/elasticsearch/data", "Elasticsearch"],
  ["/var/lib/clickhouse", "ClickHouse"],
  ["/var/lib/influxdb", "InfluxDB"],
  ["/var/lib/cassandra", "Cassandra"],
  ["/var/lib/etcd", "etcd"],
];

function liveFiles({ script, save, stores }: Saved): readonly Found[] {
  if (save.content !== "files" || stopsFirst(script, save)) return [];
  const live = save.sources.flatMap((path) => liveStore(path, stores) ?? [])[0];
  if (live === undefined) return [];
  return [
    {
      severity: "warning",
      message:
        `${shortName(script)}: \`${save.program}\` copies the files of ${live} while ` + `it runs`,
      places: [script.place(save.command.line)],
      why:
        "The files are from different moments: the copy may not start, or starts with data " +
        "missing, " +
        "and that shows at the restore only.",
      fix: "Use the store's own dump or snapshot, or stop it for the copy.",
    },
  ];
}

function liveStore(path: string, stores: readonly Store[]): string | undefined {
  if (path.endsWith(".rdb") || path.endsWith(".snap")) return undefined;
  const folder = path.slice(path.indexOf(":") + 1);
  const known = DATA_FOLDERS.find(([data]) => folder === data || folder.startsWith(`${data}/`));
  if (known !== undefined) return known[1];
  const held = stores.find(
    ({ engine, mounts }) =>
      // redis writes its file beside the old one and renames it.
      !isSameEngine(engine, "redis") &&
      mounts.some(({ source }) => source !== undefined && source === path),
  );
  return held?.component.name;
}

/** Something is stopped, locked or frozen before the copy. */
function stopsFirst({ shell }: Script, save: Act): boolean {
  for (const { command } of traceOf(shell)) {
    if (command === save.command) return false;
    const text = command.expanded.join(" ").slice(0, 500);
    if (
      /\b(?:stop|down|pause|lvcreate|snapshot|fsfreeze|pg_backup_start|flush tables)\b/i.test(text)
    ) {
      return !/^(?:echo|printf|log)/.test(text);
    }
  }
  return false;
}

interface Sharded {
  readonly unit: Unit;
  readonly script: Script;
  readonly saves: readonly Act[];
  readonly stores: readonly Store[];
}

/** `redis-cli --rdb` brings what one node holds. */
function oneShard({ unit, script, saves, stores }: Sharded): readonly Found[] {
  const dumps = saves.filter(({ content }) => content === "redis");
  const [dump] = dumps;
  const nodes = stores.filter(({ engine }) => isSameEngine(engine, "redis"));
  const sets = nodes.filter(({ component }) => /\d$/.test(component.name));
  if (dump === undefined || sets.length < 3 || dumps.length >= sets.length) return [];
  if (dump.command.guards.some(({ when }) => when === "loop") || !isCluster(unit)) return [];
  const names = sets.map(({ component }) => component.name);
  const host = optionOf(dump.command.expanded, "-h") ?? "localhost";
  return [
    {
      severity: "error",
      message:
        `${shortName(script)} dumps the Redis node at \`${host}\` only; the keys of a cluster ` +
        `are ` +
        `spread over ${names.join(", ")}`,
      places: [
        script.place(dump.command.line),
        ...sets.slice(0, 3).map(({ component }) => component.at),
      ],
      why:
        `${String(sets.length - 1)} of ${String(sets.length)} shards are in no backup; the ` +
        `dump itself looks fine.`,
      fix: "Dump every master: `redis-cli --cluster backup HOST:PORT DIR`, or one `--rdb` a node.",
    },
  ];
}

const CLUSTER =
  /cluster-enabled[ \t]+yes|--cluster-enabled|redis:[ \t]*\n[ \t]*cluster:|redis\.cluster/i;

function isCluster({ repository }: Unit): boolean {
  return repository.documents.tree.files.some(({ text }) => CLUSTER.test(text.slice(0, 200_000)));
}

/** Where a replica exists, binary logs do too: without the position they cannot be joined to it. */
function withoutPosition({ script, saves, stores }: Omit<Sharded, "unit">): readonly Found[] {
  const dump = saves.find(
    ({ content, program }) => content === "mysql" && program.endsWith("dump"),
  );
  if (dump === undefined) return [];
  const servers = stores.filter(({ engine }) => isSameEngine(engine, "mysql"));
  const replica = servers.find(({ component }) =>
    /slave|replica|secondary|standby/i.test(component.name),
  );
  if (replica === undefined || !concerns(dump, servers)) return [];
  const words = dump.command.expanded;
  if (words.some((word) => /^--(?:master-data|source-data|dump-slave|dump-replica)/.test(word)))
    return [];
  return [
    {
      severity: "warning",
      message:
        `${shortName(script)}: the dump carries no position in the binary log ` +
        `(\`--source-data\`)`,
      places: [script.place(dump.command.line), replica.component.at],
      why:
        "Everything since the dump is lost even where the binary logs survive, and a replica " +
        "cannot " +
        "be built from it.",
      fix:
        "Add `--source-data=2` (`--master-data=2` before MySQL 8.0.26), and keep the " +
        "binary logs.",
    },
  ];
}

function concerns({ command, place }: Act, servers: readonly Store[]): boolean {
  const run = invocationOf(command.expanded);
  const name = place.type === "container" ? place.name : optionOf(run?.args ?? [], "-h", "--host");
  return (
    name === undefined ||
    servers.some(({ component }: { component: Component }) => isNamed(component, name))
  );
}

/** `pg_dump` leaves out what belongs to the whole server. */
function withoutRoles(script: Script, saves: readonly Act[]): readonly Found[] {
  const dump = saves.find(({ program }) => program === "pg_dump");
  if (
    dump === undefined ||
    saves.some(({ program }) => /^pg_(?:dumpall|basebackup)$/.test(program))
  ) {
    return [];
  }
  if (dump.command.expanded.some((word) => /^(?:-O|--no-owner)$/.test(word))) return [];
  return [
    {
      severity: "note",
      message: `${shortName(script)}: \`pg_dump\` saves no roles and no grants of the server`,
      places: [script.place(dump.command.line)],
      why: "Restored into an empty server the objects belong to nobody that exists.",
      fix: "Add `pg_dumpall --globals-only`, or create the roles from a script that is kept here.",
    },
  ];
}
