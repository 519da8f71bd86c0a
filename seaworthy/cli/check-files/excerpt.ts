import type { Location, SourceFile } from "../../facts/source.ts";
import { isTelling, LINE_CHARACTERS_MAX, maskLine, maskValue } from "./mask-secrets.ts";

const EXCERPT_CHARACTERS_MAX = 110;

/** The line that a place names, as it may be shown: secrets masked, short, nothing but text. */
export type ExcerptOf = (place: Location) => string | undefined;

export function excerptsOf(files: readonly SourceFile[]): ExcerptOf {
  const byPath = new Map(
    files.filter(({ origin }) => origin === undefined).map((f) => [f.path, f]),
  );
  const linesOf = new Map<string, readonly string[]>();
  return ({ file, line }) => {
    const source = byPath.get(file);
    if (source === undefined) return undefined;
    const lines = linesOf.get(file) ?? source.text.split("\n");
    linesOf.set(file, lines);
    const text = lines[line - 1];
    return text === undefined ? undefined : shown(lines, line - 1);
  };
}

function shown(lines: readonly string[], index: number): string | undefined {
  const text = lines[index] ?? "";
  if (text.length > LINE_CHARACTERS_MAX) return "(a line too long to be shown)";
  const isSecret = isInSecret(lines, index) || isNamedSecret(lines, index);
  const masked = isSecret ? maskValue(maskLine(text)) : maskLine(text);
  const clean = plainText(isKeyMaterial(lines, index) ? "•••" : masked).trim();
  if (clean === "") return undefined;
  const isLong = clean.length > EXCERPT_CHARACTERS_MAX;
  return isLong ? `${clean.slice(0, EXCERPT_CHARACTERS_MAX - 1)}…` : clean;
}

/** Characters that a terminal would obey are shown as a dot. */
export function plainText(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, (mark) => (/\s/.test(mark) ? " " : "·"));
}

/** Lines between `name` and `value` of one variable of a pod. */
const BESIDE_LINES_MAX = 3;

/** `value: …` of an item whose `name`, above or below it, tells a secret. */
function isNamedSecret(lines: readonly string[], index: number): boolean {
  const own = lines[index] ?? "";
  if (!/^[ \t]*(?:-[ \t]+)?["']?value["']?[ \t]*:/.test(own)) return false;
  for (let at = index; at > Math.max(0, index - BESIDE_LINES_MAX) && !begins(lines[at]); at -= 1) {
    if (namesSecret(lines[at - 1])) return true;
  }
  for (let at = index + 1; at <= index + BESIDE_LINES_MAX && !begins(lines[at]); at += 1) {
    if (namesSecret(lines[at])) return true;
  }
  return false;
}

/** The first line of an item. */
function begins(line: string | undefined): boolean {
  return line === undefined || /^[ \t]*-[ \t]/.test(line);
}

function namesSecret(line: string | undefined): boolean {
  const name = /^[ \t]*(?:-[ \t]+)?["']?name["']?[ \t]*:[ \t]*["']?([\w.-]{1,200})/.exec(
    line ?? "",
  );
  return name !== null && isTelling(name[1] ?? "");
}

/** Lines of a manifest that are looked at to tell whether it is a Secret. */
const AROUND_LINES_MAX = 400;

/** In a Secret's `data` or `stringData`: their keys may be called anything. */
function isInSecret(lines: readonly string[], index: number): boolean {
  let isData = false;
  for (let at = index; at >= Math.max(0, index - AROUND_LINES_MAX); at -= 1) {
    const line = lines[at] ?? "";
    if (/^---|^```/.test(line)) break;
    if (/^\s*(?:data|stringData):/.test(line)) isData = true;
    if (/^\s*(?:-\s+)?kind:\s*["']?Secret\b/.test(line)) return isData;
  }
  if (!isData) return false;
  // `kind` may stand below.
  for (let at = index; at < Math.min(lines.length, index + AROUND_LINES_MAX); at += 1) {
    const line = lines[at] ?? "";
    if (/^---|^```/.test(line)) return false;
    if (/^kind:\s*["']?Secret\b/.test(line)) return true;
  }
  return false;
}

function isKeyMaterial(lines: readonly string[], index: number): boolean {
  for (let at = index; at >= Math.max(0, index - 80); at -= 1) {
    const line = lines[at] ?? "";
    if (at !== index && line.includes("-----END ")) return false;
    if (line.includes("-----BEGIN ") && line.includes("PRIVATE KEY")) return true;
  }
  return false;
}
