import type { DatabaseObject, Fact } from "../fact.ts";
import { at } from "../source.ts";
import type { SqlDocument, SqlStatement } from "./applications.ts";

type Engine = DatabaseObject["engine"];

/** What SQL creates and grants. */
export function sqlFacts(document: SqlDocument): readonly Fact[] {
  const engine = engineOf(document);
  return document.statements.flatMap((statement): readonly Fact[] => {
    const place = at(document.file, statement.line);
    return objects(statement).map((object) => ({
      kind: "database-object",
      at: place,
      engine,
      ...object,
    }));
  });
}

/** Words that only one of them has. */
function engineOf({ statements }: SqlDocument): Engine {
  for (const { text } of statements) {
    if (/\b(ENGINE\s*=|AUTO_INCREMENT|IDENTIFIED BY|CHARACTER SET|`\w)/i.test(text)) return "mysql";
    if (/^\\c|\b(CREATE EXTENSION|SERIAL|JSONB|PARTITION OF|plpgsql|timestamptz)\b/i.test(text)) {
      return "postgres";
    }
  }
  return "unknown";
}

type Made = Omit<DatabaseObject, "kind" | "at" | "engine">;

const NAME = String.raw`["\x60']?([\w.-]{1,100})["\x60']?`;
const CREATE = new RegExp(
  `^CREATE (?:OR REPLACE )?(DATABASE|USER|ROLE|SCHEMA|EXTENSION)(?: IF NOT EXISTS)? ${NAME}`,
  "i",
);
const GRANT = /^GRANT (.{1,300}?) ON (.{1,300}?) TO ["'`]?([\w.-]{1,100})/i;
const OWNER = /\b(?:OWNER(?: TO)?|AUTHORIZATION)\s*=?\s*["'`]?([\w.-]{1,100})/i;

function objects({ text }: SqlStatement): readonly Made[] {
  const [, kind = "", name = ""] = CREATE.exec(text) ?? [];
  const owner = OWNER.exec(text)?.[1];
  const role = owner === undefined ? {} : { role: owner };
  switch (kind.toUpperCase()) {
    case "DATABASE":
      return [{ object: "database", name, ...role }];
    case "USER":
    case "ROLE":
      return [{ object: "user", name }];
    case "SCHEMA":
      return [{ object: "schema", name, ...role }];
    case "EXTENSION":
      return [{ object: "extension", name }];
    case "":
      return granted(text);
    default:
      return [];
  }
}

function granted(text: string): readonly Made[] {
  const [, privileges, on, role] = GRANT.exec(text) ?? [];
  if (privileges === undefined || on === undefined || role === undefined) return [];
  return [{ object: "grant", name: on, on, privileges, role }];
}
