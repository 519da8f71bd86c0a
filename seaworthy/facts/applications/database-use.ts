import type { Documents } from "../document.ts";
import type { DatabaseUse, Fact } from "../fact.ts";
import { at, type Location, type SourceFile } from "../source.ts";

/** `postgresql://user:secret@host:5432/name` and `jdbc:mysql://host:3306/name`. */
const DSN = new RegExp(
  String.raw`\b(?:jdbc:)?(postgres(?:ql)?|mysql|mariadb)(?:\+\w{1,30})?://` +
    String.raw`(?:([\w.%$-]{0,100})(?::[^@\s/]{0,200})?@)?` +
    String.raw`([\w.$-]{1,200})(?::\d{1,5})?/([\w-]{1,100})`,
  "g",
);
const LINE_CHARACTERS_MAX = 4_000;
/** Files that talk about databases without being asked to use one. */
const PROSE = /\.(md|rst|txt|lock|svg)$/;

/** Every place where a client names a database and a user: in any file of the unit. */
export function databaseUses(documents: Documents): readonly Fact[] {
  return documents.all.flatMap(({ file }) => (PROSE.test(file.path) ? [] : inFile(file)));
}

function inFile(file: SourceFile): readonly Fact[] {
  if (!file.text.includes("://")) return [];
  return file.text.split("\n").flatMap((line, index) => {
    if (line.length > LINE_CHARACTERS_MAX || /^\s*(#|\/\/|--|\*)/.test(line)) return [];
    return databaseUsesIn(line, at(file, index + 1));
  });
}

/** The same in one line of text, of at most a few thousand characters. */
export function databaseUsesIn(text: string, place: Location): readonly DatabaseUse[] {
  return [...text.matchAll(DSN)].map(([, scheme = "", user, host = "", database = ""]) => {
    const engine: DatabaseUse["engine"] = scheme.startsWith("postgres") ? "postgres" : "mysql";
    const use = { kind: "database-use", at: place, engine, host, database } as const;
    return user === undefined || user === "" || user.includes("$") ? use : { ...use, user };
  });
}
