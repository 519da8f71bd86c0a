import type { SourceFile } from "../source.ts";
import type { SqlDocument, SqlStatement } from "./applications.ts";

const STATEMENTS_MAX = 20_000;
const STATEMENT_CHARACTERS_MAX = 20_000;

/** Reads `.sql` files, and a guide's blocks that hold SQL alone. */
export function readSql(file: SourceFile): SqlDocument | undefined {
  if (file.text.length > 4_000_000) return undefined;
  if (!/\.sql$/i.test(file.path)) return undefined;
  return { kind: "sql", file, statements: statementsOf(file.text), problems: [] };
}

/** Statements between semicolons; quotes, `$$` bodies and comments are respected. */
function statementsOf(text: string): readonly SqlStatement[] {
  const statements: SqlStatement[] = [];
  let parts = "";
  // Kept beside `parts`: trimming what grows for every token would take quadratic time.
  let blank = true;
  let line = 1;
  let begun = 1;
  const end = (): void => {
    const folded = parts.replace(/\s+/g, " ").trim();
    if (folded !== "" && statements.length < STATEMENTS_MAX) {
      statements.push({ line: begun, text: folded.slice(0, STATEMENT_CHARACTERS_MAX) });
    }
    parts = "";
    blank = true;
  };
  for (const { token, kind } of tokens(text)) {
    if (blank && token.trim() !== "" && kind !== "comment") {
      begun = line + newlines(token.slice(0, token.length - token.trimStart().length));
    }
    if (kind === "end") end();
    else if (kind === "command") {
      end();
      begun = line;
      parts = token;
      end();
    } else if (kind === "text") {
      parts += token;
      blank &&= token.trim() === "";
    }
    line += newlines(token);
  }
  end();
  return statements;
}

interface Token {
  readonly token: string;
  /** `command`: a line for psql itself, which ends with its line. */
  readonly kind: "text" | "comment" | "command" | "end";
}

/** One pass: what does not close ends with the text, so that nothing is scanned twice. */
function* tokens(text: string): Generator<Token> {
  for (let from = 0; from < text.length; ) {
    const { length, kind } = tokenAt(text, from);
    yield { token: text.slice(from, from + length), kind };
    from += length;
  }
}

function tokenAt(text: string, from: number): { length: number; kind: Token["kind"] } {
  const character = text[from];
  const until = (closing: string, kind: Token["kind"], skip: number) => {
    const end = text.indexOf(closing, from + skip);
    return { length: (end < 0 ? text.length : end + closing.length) - from, kind };
  };
  if (character === ";") return { length: 1, kind: "end" };
  if (text.startsWith("--", from)) return until("\n", "comment", 2);
  if (text.startsWith("/*", from)) return until("*/", "comment", 2);
  if (character === "\\") return until("\n", "command", 1);
  if (character === "'") return until("'", "text", 1);
  const dollars =
    character === "$" ? /^\$\w{0,60}\$/.exec(text.slice(from, from + 64))?.[0] : undefined;
  if (dollars !== undefined) return until(dollars, "text", dollars.length);
  let end = from + 1;
  while (end < text.length && !";-/\\'$".includes(text[end] ?? "")) end += 1;
  return { length: end - from, kind: "text" };
}

function newlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
