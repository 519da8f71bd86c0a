import { blocksOf, type Block } from "./guide-blocks.ts";
import { endingFor, looksLikeCommands, nameOf } from "./guide-names.ts";
import { heredocsOf } from "./heredocs.ts";
import { baseName, type SourceFile } from "./source.ts";

/**
 * A Markdown guide's code blocks as the files that its headings or sentences name, each line
 * knowing where it stands in the guide. The guide itself is among them, as prose.
 */
export function layOut(guide: SourceFile): readonly SourceFile[] {
  const paths = new Set([guide.path]);
  const files: SourceFile[] = [guide];
  for (const block of blocksOf(guide.text)) {
    if (PICTURES.has(block.language)) continue;
    for (const part of partsOf(block)) files.push(laidOut(guide, part, paths));
  }
  return files;
}

/** Languages that are drawn, not run. */
const PICTURES = new Set([
  "mermaid",
  "plantuml",
  "puml",
  "dot",
  "graphviz",
  "diff",
  "math",
  "latex",
]);

/** One file's worth of a block: all of it, or the content of a here-document in it. */
interface Part {
  readonly name: string | undefined;
  /** The path it has where nothing names it. */
  readonly otherwise: string;
  readonly line: number;
  readonly lines: readonly string[];
}

function partsOf(block: Block): readonly Part[] {
  const lines = promptless(block.lines);
  const whole: Part = {
    name: nameOf(block),
    otherwise: `block-${String(block.number)}.${endingFor(block.language)}`,
    line: block.line,
    lines,
  };
  const ending = endingFor(block.language);
  if (ending !== "sh" && !(ending === "txt" && looksLikeCommands(lines))) return [whole];
  const written = heredocsOf(lines).flatMap(({ path, command, from, lines: content }): Part[] => {
    const read = READ_BY.get(baseName(command));
    if (path === undefined && read === undefined) return [];
    return [
      {
        name: path,
        otherwise: `block-${String(block.number)}-${String(from)}.${read ?? "txt"}`,
        line: block.line + from,
        lines: content,
      },
    ];
  });
  return [whole, ...written];
}

/** What programs are fed by a here-document. */
const READ_BY: ReadonlyMap<string, string> = new Map([
  ["kubectl", "yaml"],
  ["oc", "yaml"],
  ["psql", "sql"],
  ["mysql", "sql"],
  ["mariadb", "sql"],
]);

/** A session's commands without their prompts; what they answered becomes empty lines. */
function promptless(lines: readonly string[]): readonly string[] {
  const first = lines.find((line) => line.trim() !== "");
  if (first === undefined || !first.startsWith("$ ")) return lines;
  let continues = false;
  return lines.map((line) => {
    const isCommand = line.startsWith("$ ");
    const kept = isCommand ? line.slice(2) : continues ? line.replace(/^> /, "") : "";
    continues = (isCommand || continues) && kept.endsWith("\\");
    return kept;
  });
}

function laidOut(guide: SourceFile, part: Part, paths: Set<string>): SourceFile {
  const { name, line: first, lines } = part;
  const path = freePath(inTree(name ?? "") ?? part.otherwise, paths);
  const last = first + Math.max(0, lines.length - 1);
  return {
    path,
    text: lines.map((line) => `${line}\n`).join(""),
    ...(name === undefined ? {} : { named: name }),
    origin: (line) => ({
      file: guide.path,
      line: Math.min(last, first + Math.max(0, line - 1)),
    }),
  };
}

/** `/etc/app.conf`, `./app.conf`, `$HOME/app.conf`, `../app.conf` as paths of the tree. */
function inTree(name: string): string | undefined {
  const parts = name
    .split("/")
    .filter((part) => part !== "" && part !== "." && part !== ".." && part !== "~")
    .filter((part) => !/^\$\{?\w+\}?$|^<.*>$/.test(part));
  return parts.length === 0 ? undefined : parts.join("/");
}

/** Two blocks may be said to be one file: the later one keeps the ending and its `named`. */
function freePath(path: string, taken: Set<string>): string {
  const base = baseName(path);
  const dot = base.lastIndexOf(".");
  const cut = dot > 0 && !base.startsWith(".") ? path.length - base.length + dot : path.length;
  let free = path;
  for (let number = 2; taken.has(free); number += 1) {
    free = `${path.slice(0, cut)}~${String(number)}${path.slice(cut)}`;
  }
  taken.add(free);
  return free;
}
