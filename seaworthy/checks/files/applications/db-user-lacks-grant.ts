import type { DatabaseObject } from "../../../facts/fact.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";

export const dbUserLacksGrant: FileRule = {
  name: "db-user-lacks-grant",
  summary: "a role is granted the database, and nothing in it",
  check: (unit) => unit.documents.of("sql").flatMap(({ file }) => inFile(unit, file.path)),
};

/** GRANT … ON DATABASE gives CONNECT, CREATE and TEMPORARY (PostgreSQL's manual, GRANT). */
function inFile(unit: Unit, path: string): readonly Found[] {
  const objects = unit.facts
    .of("database-object")
    .filter(({ at: { file, as }, engine }) => (as ?? file) === path && engine !== "mysql");
  const schemas = objects.filter(({ object }) => object === "schema");
  return objects.flatMap((grant): readonly Found[] => {
    const { object, role, on = "" } = grant;
    if (object !== "grant" || role === undefined || !/^DATABASE\b/i.test(on)) return [];
    if (reaches(unit, role)) return [];
    const [schema] = schemas.filter(({ role: owner }) => owner !== role);
    if (schema === undefined) return [];
    return [
      {
        severity: "error",
        message: `${role} may connect, and may use nothing in the schema ${schema.name}`,
        places: [grant.at, schema.at],
        why: `"permission denied for schema ${schema.name}" on the application's first query`,
        fix:
          `GRANT USAGE ON SCHEMA ${schema.name} TO ${role}; GRANT … ON ALL TABLES IN SCHEMA, and ` +
          "ALTER DEFAULT PRIVILEGES for tables to come",
      },
    ];
  });
}

/** Owns, or is granted, something inside the database, in any file of the unit. */
function reaches(unit: Unit, role: string): boolean {
  return unit.facts
    .of("database-object")
    .some(
      (fact: DatabaseObject) =>
        fact.role === role &&
        ((fact.object === "grant" && !/^DATABASE\b/i.test(fact.on ?? "")) ||
          fact.object !== "grant"),
    );
}
