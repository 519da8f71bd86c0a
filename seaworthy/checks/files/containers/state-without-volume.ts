import type { Component, MountFact } from "../../../facts/fact.ts";
import { baseName } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { byFile, isForProduction, listed, pathOf, placesOf } from "./intent.ts";
import { commandText, isStore, mountedFiles, serversOf, type Server } from "./stores.ts";

export const stateWithoutVolume: FileRule = {
  name: "state-without-volume",
  summary: "a program keeps its state where the next deploy throws it away",
  check: (unit) => {
    const bare = serversOf(unit)
      .filter(({ facts }) => facts.data.length > 0)
      .filter((server) => !isKept(server) && !isCache(unit, server));
    return byFile(bare, ({ component }) => component.at).flatMap((group) => [
      ...found(unit, group.filter(isStore)),
      ...found(
        unit,
        group.filter((server) => !isStore(server)),
      ),
    ]);
  },
};

function found(unit: Unit, group: readonly Server[]): readonly Found[] {
  const [first, ...rest] = group;
  if (first === undefined) return [];
  const names = group.map(({ component, facts }) => `${component.name} (${facts.data[0] ?? ""})`);
  const place = placeOf(first);
  return [
    {
      severity: severityIn(unit, first),
      message: `no volume holds the state of ${listed(names)}`,
      places: placesOf(place, rest.map(placeOf)),
      why: isStore(first)
        ? "the data lives in the container: `docker compose down`, a new image, a moved pod, and " +
          "it is gone, without an error"
        : "what it has learnt (history, positions, settings) begins anew with each container: " +
          "gaps in the graphs, lines read twice",
      fix: `mount a named volume (a claim on Kubernetes) at ${first.facts.data[0] ?? "its data"}`,
    },
  ];
}

function placeOf({ component, facts }: Server) {
  const passing = component.mounts.find(
    (mount) => isPassing(mount) && facts.data.some((folder) => covers(mount.target, folder)),
  );
  return passing?.at ?? component.image?.at ?? component.at;
}

function severityIn(unit: Unit, server: Server): Found["severity"] {
  const { component } = server;
  if (!isStore(server) || !isForProduction(unit, component.at)) return "note";
  const isSure =
    component.platform === "kubernetes" ||
    unit.documents.tree.guide !== undefined ||
    /prod|live/i.test(baseName(pathOf(component.at)));
  // Where nothing at all is kept, nothing was meant to last: a demonstration.
  const others = serversOf(unit).some((other) => isStore(other) && isKept(other));
  return isSure && others && LASTING.has(server.facts.store ?? "") ? "error" : "warning";
}

/** Engines that hold the first copy of things; what brokers hold is often passing. */
const LASTING: ReadonlySet<string> = new Set([
  ...["mysql", "postgres", "mongo", "cassandra", "clickhouse", "influxdb", "neo4j", "couchdb"],
  ...["minio", "elasticsearch"],
]);

function isPassing({ type }: MountFact): boolean {
  return type === "empty-dir" || type === "tmpfs";
}

/** Anything mounted at, above or below a folder of its data. */
function isKept({ component, facts }: Server): boolean {
  const { mounts } = component;
  const moved = movedData(component);
  const folders = moved === undefined ? facts.data : [...facts.data, moved];
  return mounts.some(
    (mount) => !isPassing(mount) && folders.some((folder) => covers(mount.target, folder)),
  );
}

function covers(target: string, folder: string): boolean {
  const [a, b] = [trimmed(target), trimmed(folder)];
  return a === b || b.startsWith(`${a}/`) || a.startsWith(`${b}/`);
}

function trimmed(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

/** A variable or an option may put the data elsewhere. */
function movedData(component: Component): string | undefined {
  for (const name of [
    "PGDATA",
    "MYSQL_DATADIR",
    "PROMETHEUS_STORAGE_TSDB_PATH",
    "KAFKA_LOG_DIRS",
  ]) {
    const value = component.environment.get(name)?.value;
    if (value !== undefined) return value;
  }
  const option = /--(?:datadir|dir|dbpath|storage\.tsdb\.path|data-dir|path\.data)[= ](\/\S+)/;
  const positional = /\bserver\s+(\/\S+)/;
  const text = commandText(component);
  return option.exec(text)?.[1] ?? positional.exec(text)?.[1];
}

/** A cache may forget: Redis and memcached, unless they are told to write everything down. */
function isCache(unit: Unit, { component, facts }: Server): boolean {
  if (facts.store === "memcached") return true;
  // Nacos keeps everything in the database that it is given.
  if (facts.store === "nacos") return component.environment.has("SPRING_DATASOURCE_PLATFORM");
  if (facts.store !== "redis") return false;
  const files = mountedFiles(unit, component).map(({ text }) => text.slice(0, 100_000));
  const said = [commandText(component), ...files].join("\n");
  return !/appendonly[ =]+yes|REDIS_AOF_ENABLED=yes/.test(said);
}
