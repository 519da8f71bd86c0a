import type { Document, DocumentBase, Documents } from "../document.ts";
import type { Fact } from "../fact.ts";
import { at, baseName, type Location, type SourceFile } from "../source.ts";
import { cronEntries, cronEntry, isCrontab, type CronEntry } from "./crontab.ts";
import { scheduleFacts, shellFacts } from "./script-facts.ts";
import { readShell, type Shell } from "./shell.ts";

/** Shell scripts and crontabs. */
export type ScriptDocument = ShellDocument | CrontabDocument;

export interface ShellDocument extends DocumentBase {
  readonly kind: "shell";
  readonly shell: Shell;
  /** It says itself that it is one script; otherwise it is a list of commands to type. */
  readonly isScript: boolean;
  /** Crontab lines in it: below `crontab -e`, in a here-document, in `echo "…" | crontab -`. */
  readonly entries: readonly CronEntry[];
}

export interface CrontabDocument extends DocumentBase {
  readonly kind: "crontab";
  readonly entries: readonly CronEntry[];
}

/** Longer files are data with a shell's name. */
const CHARACTERS_MAX = 2_000_000;
const SHEBANG = /^#![ \t]{0,4}\S{0,60}\/(?:env[ \t]+(?:-S[ \t]+)?)?(?:ba|da|a|z|k)?sh\b/;

/** The file as one of this family; undefined when it is none. By content, names only break ties. */
export function readScripts(file: SourceFile): Document | undefined {
  const { text, path } = file;
  if (text.length > CHARACTERS_MAX) return undefined;
  if (isCrontabFile(file)) {
    const withUser = path.includes("cron.d/") || path.endsWith("etc/crontab");
    return { kind: "crontab", file, problems: [], entries: cronEntries(text, { withUser }) };
  }
  const hasShebang = SHEBANG.test(text.slice(0, 120));
  if (!hasShebang && !/\.(?:sh|bash|ksh)$/.test(path)) return undefined;
  const shell = readShell(text);
  return {
    kind: "shell",
    file,
    problems: [],
    shell,
    isScript: hasShebang,
    entries: entriesIn(text, shell),
  };
}

/** What the documents of one unit say together. */
export function scriptFacts(documents: Documents): readonly Fact[] {
  const shells = documents.of("shell").flatMap(({ file, shell, entries }) => {
    const place = (line: number): Location => at(file, line);
    const standing = { script: file.path, place, by: "script" } as const;
    return [...shellFacts(shell, standing), ...scheduleFacts(entries, place)];
  });
  const crontabs = documents
    .of("crontab")
    .flatMap(({ file, entries }) => scheduleFacts(entries, (line) => at(file, line)));
  return [...shells, ...crontabs];
}

function isCrontabFile({ path, text }: SourceFile): boolean {
  if (text.length > CHARACTERS_MAX / 10) return false;
  const name = baseName(path);
  if (/cron/i.test(path) && !name.includes(".")) return isCrontab(text);
  return /(?:\.|^)(?:cron|crontab)(?:\.txt)?$/.test(name) && isCrontab(text);
}

/** Crontab lines that stand in shell text: as lines of their own, or as a word that is echoed. */
function entriesIn(text: string, shell: Shell): readonly CronEntry[] {
  const entries = new Map<number, CronEntry>();
  for (const entry of cronEntries(text)) entries.set(entry.line, entry);
  for (const { expanded, line } of shell.commands) {
    for (const word of expanded) {
      if (!/[*@]/.test(word)) continue;
      for (const part of word.split("\n")) {
        const entry = cronEntry(part, line);
        if (entry !== undefined && !entries.has(line)) entries.set(line, entry);
      }
    }
  }
  return [...entries.values()].toSorted((a, b) => a.line - b.line);
}
