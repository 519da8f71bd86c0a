import type { Component, DatabaseObject } from "../../../facts/fact.ts";
import type { Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";

/** Databases and users that an engine has without being asked. */
const OWN = new Set([
  "postgres",
  "root",
  "mysql",
  "admin",
  "template1",
  "sys",
  "information_schema",
]);

export const databaseNameMismatch: FileRule = {
  name: "database-name-mismatch",
  summary: "a client names a database or user that nobody creates",
  check: (unit) => [...dsns(unit), ...variables(unit)],
};

interface Created {
  readonly at: Location;
  readonly name: string;
  readonly server: Component | undefined;
}

/** What SQL, or the environment of a database's image, creates. */
function created(unit: Unit, object: "database" | "user"): readonly Created[] {
  const bySql = unit.facts
    .of("database-object")
    .filter((fact: DatabaseObject) => fact.object === object)
    .map(({ at, name }) => ({ at, name, server: undefined }));
  const names =
    object === "database"
      ? ["POSTGRES_DB", "MYSQL_DATABASE", "MARIADB_DATABASE", "POSTGRESQL_DATABASE"]
      : ["POSTGRES_USER", "MYSQL_USER", "MARIADB_USER", "POSTGRESQL_USERNAME"];
  const byImage = unit.facts.of("component").flatMap((server) => {
    if (!isDatabase(server)) return [];
    return names.flatMap((variable): readonly Created[] => {
      const entry = server.environment.get(variable);
      return entry?.value === undefined || entry.value.includes("$")
        ? []
        : [{ at: entry.at, name: entry.value, server }];
    });
  });
  return [...bySql, ...byImage];
}

function isDatabase({ image }: Component): boolean {
  return /(^|\/)(postgres|postgresql|postgis|timescaledb|mysql|mariadb|percona)\b/.test(
    image?.value ?? "",
  );
}

/** A DSN whose database, and user, is none of those that this unit creates. */
function dsns(unit: Unit): readonly Found[] {
  const databases = created(unit, "database");
  const [made] = databases;
  if (made === undefined) return [];
  const said = new Set<string>();
  return unit.facts.of("database-use").flatMap((use): readonly Found[] => {
    const { database, host = "", at: place } = use;
    if (database === undefined || OWN.has(database) || said.has(database)) return [];
    if (database.includes("$") || databases.some(({ name }) => name === database)) return [];
    if (/test/i.test(database) || isExample(place.as ?? place.file)) return [];
    if (isSetBeside(unit, database, place.as ?? place.file)) return [];
    if (isMadeElsewhere(unit, database, host)) return [];
    const target = unit.resolve(host);
    const other = madeFor(unit, host, databases);
    if (other === undefined || target.state === "missing") return [];
    said.add(database);
    return [found({ database, use: place, made: other, sure: target.state === "component" })];
  });
}

function isExample(path: string): boolean {
  return /example|sample|template|\.dist$|(^|\/)tests?\//i.test(path);
}

/** Another deployment of the repository has a server of that name with this database. */
function isMadeElsewhere(unit: Unit, database: string, host: string): boolean {
  return unit.repository.facts
    .of("component")
    .some(
      (one) =>
        one.hostNames.includes(host) &&
        isDatabase(one) &&
        [...one.environment].some(
          ([name, { value }]) => /_(?:DB|DATABASE)$/.test(name) && value === database,
        ),
    );
}

const CREATING =
  /^[\s"'-]{0,40}(?:POSTGRES(?:QL)?|MYSQL|MARIADB)_(?:DB|DATABASE)["']?\s*[=:]\s*(.+)$/;

/** The file that names it also gives it to the server: defaults elsewhere do not count then. */
function isSetBeside(unit: Unit, database: string, path: string): boolean {
  const file = unit.repository.documents.tree.files.find((one) => one.path === path);
  return (file?.text.slice(0, 200_000).split("\n") ?? []).some(
    (line) =>
      line.length < 400 && CREATING.exec(line.trimEnd())?.[1]?.replaceAll(/["']/g, "") === database,
  );
}

/** The database made on the server that the client names; any, where the host is outside. */
function madeFor(unit: Unit, host: string, databases: readonly Created[]): Created | undefined {
  const target = unit.resolve(host);
  if (target.state === "component") {
    if (!isDatabase(target.component)) return undefined;
    return databases.find(
      ({ server }) => server === undefined || server.name === target.component.name,
    );
  }
  return databases.find(({ server }) => server === undefined);
}

function found(mismatch: {
  readonly database: string;
  readonly use: Location;
  readonly made: Created;
  readonly sure: boolean;
}): Found {
  const { database, use, made, sure } = mismatch;
  return {
    severity: sure ? "error" : "warning",
    message: `a client uses the database ${database}; what is created is ${made.name}`,
    places: [use, made.at],
    why: `every connection ends with "database does not exist": the application never gets ready`,
    fix: `use one name in both places, or create ${database} as well`,
  };
}

/** Variables such as `MYSQL_SERVICE_DB_NAME` that name a database of a server in this unit. */
const DATABASE_VARIABLE = /(^|_)(DB|DATABASE)_?NAME$|(^|_)DB_DATABASE$|^MYSQL_SERVICE_DB_NAME$/;
const HOST_VARIABLE = /(^|_)(DB|DATABASE|MYSQL_SERVICE|POSTGRES|MYSQL)_?HOST$/;

function variables(unit: Unit): readonly Found[] {
  const databases = created(unit, "database");
  return unit.facts.of("component").flatMap((client): readonly Found[] => {
    const entries = [...client.environment];
    const [, host] = entries.find(([name]) => HOST_VARIABLE.test(name)) ?? [];
    const [, named] = entries.find(([name]) => DATABASE_VARIABLE.test(name)) ?? [];
    if (host?.value === undefined || named?.value === undefined) return [];
    const database = named.value;
    if (database.includes("$") || databases.some(({ name }) => name === database)) return [];
    const server = unit.resolve(host.value);
    if (server.state !== "component" || !isDatabase(server.component)) return [];
    const made = databases.find((one) => one.server?.name === server.component.name);
    if (made === undefined || mountsInitialisation(server.component)) return [];
    return [found({ database, use: named.at, made, sure: true })];
  });
}

/** Scripts that the image runs at its first start may create more. */
function mountsInitialisation({ mounts }: Component): boolean {
  return mounts.some(({ target }) => target.includes("docker-entrypoint-initdb.d"));
}
