import { at, type SourceFile } from "../../../facts/source.ts";
import type { SqlDocument, SqlStatement } from "../../../facts/applications/applications.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";

const NAME = String.raw`((?:"[^"]{1,100}"|[\w$]{1,100})(?:\.(?:"[^"]{1,100}"|[\w$]{1,100}))?)`;
const PARTITION = new RegExp(
  String.raw`^CREATE TABLE (?:IF NOT EXISTS )?${NAME} PARTITION OF ${NAME}`,
  "i",
);
const TABLE = new RegExp(
  String.raw`^CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?${NAME} ?\(`,
  "i",
);
/** Extensions that work only when the server loads them at its start (their manual pages). */
const PRELOADED = new Set([
  "pg_stat_statements",
  "pg_cron",
  "timescaledb",
  "pgaudit",
  "auto_explain",
]);

export const sqlWillFail: FileRule = {
  name: "sql-will-fail",
  summary: "a statement that the server refuses where it stands",
  check: (unit) => [
    ...allPartitions(unit),
    ...unit.documents.of("sql").flatMap(concurrently),
    ...unit.documents.of("sql").flatMap((document) => extensions(unit, document)),
  ],
};

interface Table {
  readonly file: SourceFile;
  readonly statement: SqlStatement;
  readonly name: string;
}

function allPartitions(unit: Unit): readonly Found[] {
  const tables = unit.documents.of("sql").flatMap(({ file, statements }) =>
    statements.flatMap((statement) => {
      const name = TABLE.exec(statement.text)?.[1];
      return name === undefined ? [] : [{ file, statement, name: name.toLowerCase() }];
    }),
  );
  return unit.documents.of("sql").flatMap((document) => partitions(tables, document));
}

/** A partition of a table that was made without PARTITION BY. */
function partitions(tables: readonly Table[], document: SqlDocument): readonly Found[] {
  return document.statements.flatMap(({ text, line }): readonly Found[] => {
    const [, , parent = ""] = PARTITION.exec(text) ?? [];
    if (parent === "") return [];
    const made = tables.find(({ name }) => name === parent.toLowerCase());
    // A later migration may have made it anew.
    const isPartitioned = tables.some(
      ({ name, statement }) =>
        name === parent.toLowerCase() && /\bPARTITION BY\b/i.test(statement.text),
    );
    if (made === undefined || isPartitioned) return [];
    return [
      {
        severity: "error",
        message: `${parent} is given a partition, and was made without PARTITION BY`,
        places: [at(document.file, line), at(made.file, made.statement.line)],
        why: `the migration ends with "${parent}" is not partitioned, and with it the deploy`,
        fix: `make ${parent} with PARTITION BY RANGE (…), or copy it into such a table`,
      },
    ];
  });
}

/** CREATE INDEX CONCURRENTLY cannot run inside a transaction (PostgreSQL's manual). */
function concurrently(document: SqlDocument): readonly Found[] {
  let open: SqlStatement | undefined;
  const found: Found[] = [];
  for (const statement of document.statements) {
    if (/^(BEGIN|START TRANSACTION)\b/i.test(statement.text)) open = statement;
    else if (/^(COMMIT|ROLLBACK|END)\b/i.test(statement.text)) open = undefined;
    else if (open !== undefined && /^CREATE (UNIQUE )?INDEX CONCURRENTLY/i.test(statement.text)) {
      found.push({
        severity: "error",
        message: "CREATE INDEX CONCURRENTLY stands inside a transaction",
        places: [at(document.file, statement.line), at(document.file, open.line)],
        why: "the server refuses it, and everything of the transaction is undone",
        fix: "move it out of BEGIN … COMMIT, into a migration of its own",
      });
    }
  }
  return found;
}

/** An extension that must be preloaded, in a unit whose server is not told to load it. */
function extensions(unit: Unit, document: SqlDocument): readonly Found[] {
  return document.statements.flatMap(({ text, line }): readonly Found[] => {
    const name = /^CREATE EXTENSION (?:IF NOT EXISTS )?"?(\w{1,60})/i.exec(text)?.[1] ?? "";
    if (!PRELOADED.has(name) || isPreloaded(unit)) return [];
    return [
      {
        severity: "note",
        message: `${name} works only when the server preloads it, and nothing here says so`,
        places: [at(document.file, line)],
        why: "its views end with an error just when somebody looks for the slow query",
        fix: `shared_preload_libraries = '${name}' in the server's configuration`,
      },
    ];
  });
}

function isPreloaded({ repository }: Unit): boolean {
  return repository.documents.all.some(({ file }) =>
    file.text.includes("shared_preload_libraries"),
  );
}
