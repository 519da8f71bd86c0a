import type { Component, PortFact } from "../../../facts/fact.ts";
import { baseName } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { openAddresses } from "./open-addresses.ts";
import { byFile, isForProduction, listed, pathOf, placesOf } from "./intent.ts";
import {
  commandText,
  hasUnknownMount,
  isStore,
  mountedFiles,
  serversOf,
  type Server,
} from "./stores.ts";

export const datastorePublished: FileRule = {
  name: "datastore-published",
  summary: "a database, cache or queue can be reached from outside the host",
  check: (unit) => {
    const published = serversOf(unit)
      .filter(isStore)
      .flatMap((server) => {
        const port = publicPort(server);
        return port === undefined ? [] : [{ server, port, open: openness(unit, server) }];
      });
    const groups = byFile(published, ({ port }) => port.at).flatMap((group) => [
      ...found(
        unit,
        group.filter(({ open }) => open !== undefined),
      ),
      ...found(
        unit,
        group.filter(({ open }) => open === undefined),
      ),
    ]);
    return [...groups, ...openAddresses(unit)];
  },
};

interface Published {
  readonly server: Server;
  readonly port: PortFact;
  /** Why nobody is asked who they are; undefined where somebody is, or it is not known. */
  readonly open: string | undefined;
}

function found(unit: Unit, group: readonly Published[]): readonly Found[] {
  const [first, ...rest] = group;
  if (first === undefined) return [];
  const names = group.map(
    ({ server, port }) => `${server.component.name} (${port.published?.port ?? port.port})`,
  );
  const reasons = [...new Set(group.flatMap(({ open }) => open ?? []))];
  const isOpen = reasons.length > 0;
  const { port: inside, published } = first.port;
  const inCluster = first.server.component.platform === "kubernetes";
  const without = isOpen ? `, without a password: ${reasons.join("; ")}` : "";
  return [
    {
      severity: severityIn(unit, first, isOpen),
      message: `${inCluster ? IN_CLUSTER : ON_HOST}: ${listed(names)}${without}`,
      places: placesOf(
        first.port.at,
        rest.map(({ port }) => port.at),
      ),
      why:
        `${inCluster ? "" : "Docker opens these ports past ufw and firewalld. "}` +
        "Scanners find them within hours: the " +
        "data is read, or wiped and held to ransom" +
        (isOpen ? "" : ", as soon as one password is guessed or reused"),
      fix: inCluster
        ? "a Service of type ClusterIP; from outside, a port-forward or a VPN"
        : "remove the ports (services of one network reach each other without), or bind them to " +
          `the host alone: "127.0.0.1:${published?.port ?? inside}:${inside}"`,
    },
  ];
}

const ON_HOST = "published on every address of the host";
const IN_CLUSTER = "opened to outside of the cluster";

function severityIn(unit: Unit, { port }: Published, isOpen: boolean): Found["severity"] {
  if (!isForProduction(unit, port.at)) return "note";
  // A plain docker-compose.yml may be anybody's laptop; a name that says production is none.
  const name = baseName(pathOf(port.at));
  const isSure = unit.documents.tree.guide !== undefined || /prod|live/i.test(name);
  return isOpen && isSure ? "error" : "warning";
}

const EVERYWHERE: ReadonlySet<string | undefined> = new Set([undefined, "0.0.0.0", "::", "[::]"]);

function publicPort({ component, facts }: Server): PortFact | undefined {
  return component.ports.find(
    ({ port, published }) =>
      published !== undefined &&
      EVERYWHERE.has(published.address) &&
      (facts.ports.length === 0 || facts.ports.includes(port) || isMoved(component, port)),
  );
}

/** The server is told to listen on this port instead of its usual one. */
function isMoved(component: Component, port: number): boolean {
  return new RegExp(`port[ =:]+"?${port}\\b`).test(commandText(component));
}

/** Engines that ask nobody who they are as they come, or are told not to. */
function openness(unit: Unit, server: Server): string | undefined {
  const { component, facts } = server;
  if (facts.store === "redis") return redisOpenness(unit, server);
  if (facts.store === "memcached") return "memcached knows no passwords";
  if (facts.store === "mongo") return mongoOpenness(component);
  for (const [name, open] of OPENING) {
    const value = component.environment.get(name)?.value?.toLowerCase();
    if (value !== undefined && open.includes(value)) return `${name}=${value}`;
  }
  return undefined;
}

const TRUE = ["1", "yes", "true", "on"];
const OPENING: readonly (readonly [string, readonly string[]])[] = [
  ["xpack.security.enabled", ["false"]],
  ["plugins.security.disabled", ["true"]],
  ["DISABLE_SECURITY_PLUGIN", ["true"]],
  ["MYSQL_ALLOW_EMPTY_PASSWORD", TRUE],
  ["ALLOW_EMPTY_PASSWORD", TRUE],
  ["POSTGRES_HOST_AUTH_METHOD", ["trust"]],
];

function mongoOpenness(component: Component): string | undefined {
  const asking = [
    "MONGO_INITDB_ROOT_USERNAME",
    "MONGO_INITDB_ROOT_USERNAME_FILE",
    "MONGODB_ROOT_PASSWORD",
    "MONGODB_ROOT_USER",
  ];
  const asks = asking.some((name) => component.environment.has(name));
  const said = /--auth|keyFile|config/.test(commandText(component));
  return asks || said ? undefined : "mongo without --auth";
}

function redisOpenness(unit: Unit, { component, facts }: Server): string | undefined {
  const said = `${commandText(component)}\n${mountedFiles(unit, component)
    .map(({ text }) => text.slice(0, 100_000))
    .join("\n")}`;
  if (/requirepass|aclfile|--user\b|^user\s/m.test(said)) return undefined;
  if (hasUnknownMount(unit, component)) return undefined;
  const given = ["REDIS_PASSWORD", "REDIS_PASSWORD_FILE", "VALKEY_PASSWORD", "REDIS_ARGS"].some(
    (name) => component.environment.has(name) && facts.reads(name) !== false,
  );
  return given ? undefined : "redis without requirepass";
}
