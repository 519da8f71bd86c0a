import { readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { Finding, Place } from "../system/finding.ts";

/** Largest declaration file. 1 MiB: a hundred times a large one. */
const FILE_BYTES_MAX = 1_048_576;

/** A place in a file, both 1-based. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Reads a declaration's text, or says why not. */
export async function readBounded(path: string): Promise<Result<string, readonly Finding[]>> {
  const cannot = (message: string, fix: string): Result<string, readonly Finding[]> =>
    refuse([
      fault({
        rule: "cannot-read",
        message: `${basename(path)} ${message}`,
        file: basename(path),
        why: "",
        fix,
      }),
    ]);
  try {
    const found = await stat(path);
    if (!found.isFile()) return cannot("is no file", "Name a declaration file.");
    if (found.size > FILE_BYTES_MAX) {
      return cannot("is larger than 1 MiB", "Put large files into the service's build folder.");
    }
    return ok(await readFile(path, "utf8"));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return cannot(`cannot be read: ${code}`, "Look at the path and its permissions.");
  }
}

/** `.yaml`, `.yml`, `.json` → data; runs nothing. */
export async function readDataFile(path: string): Promise<Result<unknown, readonly Finding[]>> {
  const text = await readBounded(path);
  if (!text.ok) return text;
  return extname(path) === ".json" ? readJson(path, text.value) : await readYaml(path, text.value);
}

function readJson(path: string, text: string): Result<unknown, readonly Finding[]> {
  try {
    const data: unknown = JSON.parse(text);
    return ok(data);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const at = /position (\d+)/.exec(message)?.[1];
    const before = text.slice(0, at === undefined ? text.length : Number(at));
    const lines = before.split("\n");
    const place = { file: path, line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
    const [what = message] = message.split(/ in JSON at| \(line/);
    return refuse([unreadable(path, what, frame(text, place))]);
  }
}

async function readYaml(path: string, text: string): Promise<Result<unknown, readonly Finding[]>> {
  const { LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length === 0) {
    try {
      const data: unknown = document.toJS();
      return ok(data);
    } catch (error) {
      // Aliases that grow without end; the library stops at a hundred.
      const message = error instanceof Error ? error.message : String(error);
      return refuse([unreadable(path, message, { file: basename(path) })]);
    }
  }
  const faults = document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return unreadable(path, error.message, frame(text, { file: path, line, column: col }));
  });
  return refuse(faults);
}

function unreadable(path: string, message: string, written: Written): Finding {
  return fault({
    rule: "syntax-error",
    message: `${basename(path)} cannot be read: ${message}`,
    ...written,
    why: "What cannot be read declares nothing.",
    fix: "Mend it at the place above.",
  });
}

/** Where something stands in a file, with the lines around it. */
export interface Written {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly excerpt?: string;
}

/** Three lines and a caret under the column. */
export async function codeFrame(path: string, place: SourcePlace): Promise<Written> {
  const text = await readBounded(place.file);
  const file = relative(dirname(path), place.file);
  if (!text.ok) return { file, line: place.line, column: place.column };
  return { ...frame(text.value, place), file };
}

/** The place of `url:line:column`, or else the first line that mentions something. */
export async function placeOf(
  path: string,
  hint: { readonly at: string | undefined; readonly mentions: string | undefined },
): Promise<Written> {
  const [, url, line, column] = /^(file:.+):(\d+):(\d+)$/.exec(hint.at ?? "") ?? [];
  // An import is said to stand at 1:1, wherever it stands.
  if (url !== undefined && hint.mentions === undefined) {
    const file = fileURLToPath(url);
    return await codeFrame(path, { file, line: Number(line), column: Number(column) });
  }
  const text = await readBounded(path);
  if (!text.ok || hint.mentions === undefined) return { file: basename(path) };
  const lines = text.value.split("\n");
  const found = lines.findIndex((each) => each.includes(hint.mentions ?? ""));
  if (found < 0) return { file: basename(path) };
  const start = (lines[found] ?? "").indexOf(hint.mentions);
  return await codeFrame(path, { file: path, line: found + 1, column: start + 1 });
}

function frame(text: string, place: SourcePlace): Written {
  const lines = text.split("\n");
  const first = Math.max(0, place.line - 2);
  const width = String(place.line + 1).length;
  const shown = lines.slice(first, place.line + 1).flatMap((content, index) => {
    const line = first + index + 1;
    const row = `${String(line).padStart(width)} | ${content.slice(0, 100)}`;
    if (line !== place.line) return [row];
    return [row, `${" ".repeat(width)} | ${" ".repeat(Math.min(place.column - 1, 100))}^`];
  });
  const { line, column } = place;
  return { file: basename(place.file), line, column, excerpt: shown.join("\n") };
}

/** An error about a file; the column, which places do not have, stands in the message. */
export function fault(about: Pick<Finding, "rule" | "message" | "why" | "fix"> & Written): Finding {
  const { rule, message, why, fix, file, line, column, excerpt } = about;
  const at = column === undefined || line === undefined ? "" : ` (${file}:${line}:${column})`;
  const place: Place = {
    file,
    ...(line === undefined ? {} : { line }),
    ...(excerpt === undefined ? {} : { excerpt }),
  };
  return { rule, severity: "error", message: `${message}${at}`, places: [place], why, fix };
}
