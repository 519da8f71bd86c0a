import type { SourceFile } from "../source.ts";
import { logrotateProblems } from "./logrotate-problems.ts";
import type { HaproxyLine, LogrotateDocument, LogrotateStanza } from "./proxies.ts";

/** Blanks, not white space: `\\s` takes line ends too, and many empty lines quadratic time. */
const TELLING =
  /^[ \t]*(rotate[ \t]+\d+|daily|weekly|monthly|copytruncate|missingok|notifempty)[ \t\r]*$/m;
const STANZA = /^\s*((?:"[^"\n]+"|\/[^\s{]+)(?:\s+(?:"[^"\n]+"|\/[^\s{]+))*)\s*(\{)?\s*$/;
const SCRIPT = /^\s*(postrotate|prerotate|firstaction|lastaction|preremove)\s*$/;

/** Reads a logrotate configuration; undefined when there is no stanza with a path. */
export function readLogrotate(file: SourceFile): LogrotateDocument | undefined {
  if (file.text.length > 1_000_000 || !TELLING.test(file.text)) return undefined;
  // A script may write such a file; it is none.
  if (file.text.startsWith("#!") || /\.(sh|bash|py|ya?ml|json)$/.test(file.path)) return undefined;
  const stanzas = stanzasOf(file.text.split("\n"));
  if (stanzas.length === 0) return undefined;
  return { kind: "logrotate", file, stanzas, problems: logrotateProblems(file, stanzas) };
}

function stanzasOf(lines: readonly string[]): readonly LogrotateStanza[] {
  const stanzas: LogrotateStanza[] = [];
  let paths: { line: number; names: string[] } | undefined;
  for (let index = 0; index < lines.length; index += 1) {
    const text = lines[index] ?? "";
    if (text.length > 4096 || /^\s*(#.*)?$/.test(text)) continue;
    const [, names, brace] = STANZA.exec(text) ?? [];
    if (names !== undefined) {
      paths ??= { line: index + 1, names: [] };
      for (const [, quoted, bare] of names.matchAll(/"([^"]+)"|(\S+)/g)) {
        paths.names.push(quoted ?? bare ?? "");
      }
    }
    if (paths === undefined || (brace === undefined && text.trim() !== "{")) continue;
    const { stanza, end } = stanzaOf(lines, { from: index + 1, line: paths.line });
    stanzas.push({ ...stanza, paths: paths.names });
    paths = undefined;
    index = end;
  }
  return stanzas;
}

function stanzaOf(
  lines: readonly string[],
  start: { readonly from: number; readonly line: number },
): { readonly stanza: LogrotateStanza; readonly end: number } {
  const directives: HaproxyLine[] = [];
  const scripts: { line: number; text: string }[] = [];
  let index = start.from;
  let inScript = false;
  for (; index < lines.length; index += 1) {
    const text = (lines[index] ?? "").trim();
    if (inScript) {
      if (text === "endscript") inScript = false;
      else if (text !== "") scripts.push({ line: index + 1, text });
    } else if (text === "}") break;
    else if (SCRIPT.test(text)) inScript = true;
    else if (text !== "" && !text.startsWith("#")) {
      directives.push({ line: index + 1, words: text.split(/\s+/) });
    }
  }
  return { stanza: { line: start.line, paths: [], directives, scripts }, end: index };
}
