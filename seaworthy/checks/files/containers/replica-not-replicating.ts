import type { Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { byFile, isForProduction, listed, placesOf } from "./intent.ts";
import { filesWith } from "./mentions.ts";
import { commandText, hasUnknownMount, mountedFiles, serversOf, type Server } from "./stores.ts";

export const replicaNotReplicating: FileRule = {
  name: "replica-not-replicating",
  summary: "a service is called a replica, and nothing makes it follow its primary",
  check: (unit) => {
    const servers = serversOf(unit);
    const alone = servers.filter((server) => neverFollows(unit, server));
    return [
      ...byFile(alone, ({ component }) => component.at).flatMap((group) =>
        followsFound(unit, group),
      ),
      ...byFile(servers.flatMap(readOnlyTooEarly(unit)), ({ at }) => at).flatMap((group) =>
        tooEarlyFound(unit, group),
      ),
    ];
  },
};

const REPLICA =
  /(?:^|[-_.])(?:slave|replica|standby|secondary|follower|read-?only)[-_.]?\d*(?:$|[-_.])/i;

/** What makes an engine follow another server, wherever it stands. */
const FOLLOWING: Readonly<Record<string, RegExp>> = {
  mysql:
    /CHANGE\s+(?:MASTER|REPLICATION\s+SOURCE)\s+TO|START\s+(?:SLAVE|REPLICA)|group_repl|wsrep_/i,
  postgres:
    /primary_conninfo|pg_basebackup|standby\.signal|patroni|repmgr|CREATE\s+SUBSCRIPTION|pg_auto/i,
  redis: /replicaof|slaveof|--cluster\s+create/i,
  mongo: /--replSet|rs\.initiate|replSetName/,
};

/** Images that set up replication from their environment. */
const MANAGED = /bitnami|spilo|patroni|repmgr|stolon|mysql-operator|zalando|cloudnative/;

function neverFollows(unit: Unit, server: Server): boolean {
  const { component, facts, image } = server;
  const { name, containerName } = component;
  const form = FOLLOWING[facts.store ?? ""];
  if (form === undefined || MANAGED.test(image)) return false;
  if (!REPLICA.test(name) && !REPLICA.test(containerName?.value ?? "")) return false;
  if (form.test(commandText(component)) || filesWith(unit, form).length > 0) return false;
  const environment = [...component.environment.values()].map(({ value }) => value ?? "").join(" ");
  if (form.test(environment)) return false;
  // Redis can follow by its file alone, and that file may be elsewhere.
  return facts.store !== "redis" || !hasUnknownMount(unit, component);
}

function followsFound(unit: Unit, group: readonly Server[]): readonly Found[] {
  const [first, ...rest] = group;
  if (first === undefined) return [];
  const { component, facts } = first;
  const primary = primaryOf(unit, first);
  const store = facts.store ?? "store";
  return [
    {
      severity: isForProduction(unit, component.at) ? "error" : "note",
      message:
        `${listed(group.map((one) => one.component.name))}: a ${store} server of its own, ` +
        "nothing " +
        `makes it follow ${primary?.component.name ?? "a primary"}`,
      places: placesOf(component.at, [
        ...rest.map((one) => one.component.at),
        ...(primary === undefined ? [] : [primary.component.at]),
      ]),
      why:
        "what is written to the primary never arrives there. Reads sent to it find nothing, " +
        "and on " +
        "the day it is promoted the data since its creation is gone",
      fix: fixFor(facts.store, primary?.component.name ?? "primary"),
      cause: `no-replication ${store}`,
    },
  ];
}

function primaryOf(unit: Unit, server: Server): Server | undefined {
  return serversOf(unit).find(
    (other) =>
      other.facts.store === server.facts.store &&
      other.component.platform === server.component.platform &&
      other.component.name !== server.component.name &&
      /master|primary|main|source|leader/i.test(other.component.name),
  );
}

function fixFor(store: string | undefined, primary: string): string {
  if (store === "mysql") {
    const source = `SOURCE_HOST='${primary}', SOURCE_AUTO_POSITION=1`;
    return `at its first start: CHANGE REPLICATION SOURCE TO ${source}; START REPLICA`;
  }
  if (store === "postgres") return `start it from pg_basebackup -h ${primary} -R`;
  if (store === "redis") return `command: redis-server --replicaof ${primary} 6379`;
  return `make it a member of ${primary}'s replica set`;
}

interface TooEarly {
  readonly name: string;
  readonly option: string;
  readonly at: Location;
}

/** The official image starts its first server with the same options, and that one has to write. */
function readOnlyTooEarly(unit: Unit): (server: Server) => readonly TooEarly[] {
  const form = /^--super[-_]read[-_]only(?:=(?:1|on|true))?$/i;
  return ({ component, image, facts }) => {
    const { command, name } = component;
    if (facts.store !== "mysql" || !/^mysql(?::|$)/.test(image) || command === undefined) return [];
    const option = command.value.find((word) => form.test(word));
    const creates = [...component.environment.keys()].some((key) =>
      /^MYSQL_(?:DATABASE|USER|ROOT_PASSWORD|ROOT_PASSWORD_FILE)$/.test(key),
    );
    const own = mountedFiles(unit, component).some(({ path }) => path.includes("entrypoint"));
    return option === undefined || !creates || own ? [] : [{ name, option, at: command.at }];
  };
}

function tooEarlyFound(unit: Unit, group: readonly TooEarly[]): readonly Found[] {
  const [first, ...rest] = group;
  if (first === undefined) return [];
  const names = listed(group.map(({ name }) => name));
  return [
    {
      severity: isForProduction(unit, first.at) ? "error" : "note",
      message:
        `${names}: ${first.option} holds for the first initialisation too, which has ` + "to write",
      places: placesOf(
        first.at,
        rest.map(({ at }) => at),
      ),
      why:
        "with an empty volume the entrypoint cannot set the root password or create the database " +
        "(error 1290) and ends: a replica that is rebuilt after a failure never starts",
      fix: "SET PERSIST super_read_only = ON by SQL once it follows its source",
    },
  ];
}
