import { imageFacts, parseImageRef, type ImageFacts } from "../../../catalogues/images/images.ts";
import { scriptOf, simpleCommands } from "../../../facts/containers/words.ts";
import type { Component } from "../../../facts/fact.ts";
import { remembered } from "../../../facts/remembered.ts";
import { folderOf, joinPath, type SourceFile } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import { pathOf } from "./intent.ts";

/** A component that runs the server of a known image: not a client, not a one-off job. */
export interface Server {
  readonly component: Component;
  readonly image: string;
  readonly facts: ImageFacts;
}

export const serversOf: (unit: Unit) => readonly Server[] = remembered((unit: Unit) =>
  unit.facts.of("component").flatMap((component) => serverOf(component) ?? []),
);

export function serverOf(component: Component): Server | undefined {
  const image = component.image?.value;
  if (image === undefined || component.build !== undefined || image.includes("$")) return undefined;
  const facts = imageFacts(image);
  if (facts === undefined || !runsServer(component, facts)) return undefined;
  if (component.workload === "Job" || component.workload === "CronJob") return undefined;
  return { component, image, facts };
}

const STORES: ReadonlySet<string> = new Set(["store", "search", "queue", "discovery"]);

export function isStore({ facts }: Server): boolean {
  return STORES.has(facts.kind);
}

/** The programs that serve; any other command makes a client of the image. */
const SERVERS: Readonly<Record<string, RegExp>> = {
  mysql: /\b(?:mysqld|mysqld_safe|mariadbd)\b/,
  postgres: /\bpostgres\b|postgresql|patroni|pg_ctl/,
  redis: /(?:redis|valkey|keydb)-server|\.conf\b/,
  mongo: /mongod|mongos\b/,
  rabbitmq: /rabbitmq-server/,
  minio: /\bserver\b/,
  rocketmq: /mqbroker/,
  kafka: /kafka-server-start|server\.properties|confluent\/docker\/run|\/run\.sh/,
  elasticsearch: /(?:elasticsearch|opensearch)(?:\s|$)|eswrapper/,
  zookeeper: /zkServer|zookeeper-server-start|confluent\/docker\/run/,
  clickhouse: /clickhouse[- ]server/,
};

function runsServer({ command }: Component, { store }: ImageFacts): boolean {
  const [first] = command?.value ?? [];
  if (command === undefined || first === undefined || first.startsWith("-")) return true;
  const server = store === undefined ? undefined : SERVERS[store];
  if (server === undefined) return !/sentinel/.test(command.value.join(" "));
  return simpleCommands(command.value).some((words) => {
    // Behind `exec`, `gosu user`, assignments: a program is never far from the front.
    const front = words.slice(0, FRONT_WORDS).join(" ");
    if (/sentinel/.test(words.join(" "))) return false;
    const isClient = CLIENTS.test(words[0] ?? "");
    return !isClient && (server.test(front) || /docker-entrypoint|^\/?entrypoint/.test(front));
  });
}

const FRONT_WORDS = 4;
const CLIENTS =
  /^(?:psql|pg_\w+|mysql(?:dump|admin)?|mariadb(?:-\w+)?|redis-cli|valkey-cli|mongo\w*sh|mc)$/;

/** Everything that is said to the program on its command line. */
export function commandText({ command }: Component): string {
  const words = command?.value ?? [];
  return scriptOf(words) ?? words.join(" ");
}

/** Files of the tree that are mounted into it (or lie in a folder that is), up to a limit. */
export function mountedFiles(unit: Unit, component: Component): readonly SourceFile[] {
  return component.mounts.flatMap(({ type, source, at }) => {
    if (type !== "bind" || source === undefined) return [];
    const path = joinPath(folderOf(pathOf(at)), source);
    if (path === undefined || path === "") return [];
    return unit.documents.tree.files
      .filter((file) => file.path === path || file.path.startsWith(`${path}/`))
      .slice(0, FILES_MAX);
  });
}

const FILES_MAX = 50;

/** A bind mount whose file is not in the tree: what it says cannot be known. */
export function hasUnknownMount(unit: Unit, component: Component): boolean {
  return component.mounts.some(({ type, source = "", at }) => {
    if (type === "config-map" || type === "secret") return true;
    if (type !== "bind" || !/\.(?:conf|cnf|ya?ml|json|toml|ini|acl|properties)$/.test(source))
      return false;
    const path = joinPath(folderOf(pathOf(at)), source);
    return path === undefined || !unit.documents.tree.files.some((file) => file.path === path);
  });
}

/** The version that a tag names; the newest where it names none. */
export function versionOf(image: string): string | undefined {
  const { tag, digest } = parseImageRef(image);
  if (tag === undefined) return digest === undefined ? NEWEST : undefined;
  if (/^(?:latest|lts|innovation|stable|alpine|slim)/.test(tag)) return NEWEST;
  return /^v?\d+(?:\.\d+)*/.exec(tag)?.[0];
}

const NEWEST = "999999";

/** How a version is called in a sentence. */
export function versionName(image: string): string {
  const { repository, tag } = parseImageRef(image);
  return `${repository.split("/").at(-1) ?? repository} ${tag ?? "latest"}`;
}
