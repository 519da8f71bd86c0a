import type { DocumentBase, Problem } from "../document.ts";
import { at, baseName, type Located, type Location, type SourceFile } from "../source.ts";
import { interpolate } from "./interpolation.ts";
import { shellWords } from "./words.ts";

/** How an image is built: its stages, each a list of instructions. */
export interface DockerfileDocument extends DocumentBase {
  readonly kind: "dockerfile";
  readonly stages: readonly Stage[];
  /** `ARG`s before the first `FROM`, with their defaults. */
  readonly arguments: ReadonlyMap<string, string>;
}

export interface Stage {
  readonly at: Location;
  readonly name: string | undefined;
  /** The image or stage it starts from; arguments with a default put in. */
  readonly from: Located<string>;
  readonly instructions: readonly Instruction[];
}

export interface Instruction {
  readonly at: Location;
  /** Upper case. */
  readonly keyword: string;
  /** `--from=builder` → `from`: `builder`. */
  readonly flags: ReadonlyMap<string, string>;
  /** Everything behind keyword and flags, continuation lines joined by a blank. */
  readonly text: string;
  /** Words of the exec form, or of the text as a shell would split it. */
  readonly words: readonly string[];
  /** `["a", "b"]`: run without a shell. */
  readonly exec: boolean;
}

const KEYWORDS: ReadonlySet<string> = new Set(
  (
    "FROM ARG RUN CMD LABEL MAINTAINER EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR " +
    "ONBUILD STOPSIGNAL HEALTHCHECK SHELL"
  ).split(" "),
);
const LINES_MAX = 10_000;
/** Of one instruction so much is read; rules may look at it many times. */
const INSTRUCTION_CHARACTERS_MAX = 20_000;

/** By content: the first instruction is FROM (or ARG), and the rest are instructions too. */
export function readDockerfile(file: SourceFile): DockerfileDocument | undefined {
  const named = /^(?:.*[.-])?(?:docker|container)file(?:[.-].*)?$/i.test(baseName(file.path));
  if (/\.dockerignore$|\.(?:md|txt|ya?ml|json|sh|py|[jt]s)$/i.test(file.path)) return undefined;
  if (!named && !/^(?:ARG|FROM)[ \t]+\S/m.test(file.text.slice(0, 4_000))) return undefined;
  const read = instructionsOf(file);
  const known = read.filter(({ keyword }) => KEYWORDS.has(keyword));
  const [first] = read;
  if (first === undefined || known.length < 2) return undefined;
  if (!named && !["ARG", "FROM"].includes(first.keyword)) return undefined;
  if (!known.some(({ keyword }) => keyword === "FROM") || known.length < read.length * 0.7) {
    return undefined;
  }
  const problems = read.filter((one) => !KEYWORDS.has(one.keyword)).flatMap(unknownKeyword);
  return { kind: "dockerfile", file, problems, ...stagesOf(known) };
}

function unknownKeyword({ at: place, keyword }: Instruction): readonly Problem[] {
  // A template's `{{…}}` or `<%…%>` line is the template's business.
  if (!/^[A-Z]+$/.test(keyword)) return [];
  const message = `Docker knows no instruction ${keyword}`;
  return [{ at: place, message, fix: "correct the instruction's name" }];
}

function stagesOf(all: readonly Instruction[]): Pick<DockerfileDocument, "stages" | "arguments"> {
  const stages: (Stage & { readonly instructions: Instruction[] })[] = [];
  const globals = new Map<string, string>();
  for (const instruction of all) {
    if (instruction.keyword === "FROM") stages.push(stageOf(instruction, globals));
    else if (stages.length > 0) stages.at(-1)?.instructions.push(instruction);
    else if (instruction.keyword === "ARG") {
      const [name = "", ...rest] = (instruction.words[0] ?? "").split("=");
      if (rest.length > 0) globals.set(name, rest.join("="));
    }
  }
  return { stages, arguments: globals };
}

function stageOf(instruction: Instruction, globals: ReadonlyMap<string, string>) {
  const [image = "", as, name] = instruction.words;
  const from = withArguments(image, globals);
  return {
    at: instruction.at,
    name: as?.toUpperCase() === "AS" ? name : undefined,
    from: { value: from, at: instruction.at },
    instructions: [],
  };
}

/** `$NAME`, `${NAME}` and `${NAME:-default}` where the argument has a default. */
function withArguments(text: string, known: ReadonlyMap<string, string>): string {
  return interpolate(text, (name) => known.get(name));
}

function instructionsOf(file: SourceFile): readonly Instruction[] {
  const lines = file.text.split("\n", LINES_MAX);
  const escape = /^#\s*escape\s*=\s*`/im.test(lines.slice(0, 3).join("\n")) ? "`" : "\\";
  const out: Instruction[] = [];
  for (let index = 0; index < lines.length; ) {
    const line = (lines[index] ?? "").trim();
    if (line === "" || line.startsWith("#")) {
      index += 1;
      continue;
    }
    const { text, next } = joined(lines, index, escape);
    out.push(instructionOf(text, at(file, index + 1)));
    index = next;
  }
  return out;
}

/** An instruction with its continuation lines and here-documents, and the line after it. */
function joined(lines: readonly string[], from: number, escape: string) {
  let text = "";
  let index = from;
  for (; index < lines.length; index += 1) {
    const line = (lines[index] ?? "").trim();
    if (index > from && (line === "" || line.startsWith("#"))) continue;
    const continues = line.endsWith(escape);
    text = bounded(`${text} ${continues ? line.slice(0, -1).trim() : line}`);
    if (!continues) break;
  }
  index += 1;
  const keyword = text.trim().slice(0, 4).toUpperCase();
  if (["RUN ", "COPY", "ADD "].includes(keyword)) {
    for (const [, mark = ""] of text.matchAll(/<<-?["']?([A-Za-z_]\w*)["']?/g)) {
      const end = lines.findIndex((line, at) => at >= index && line.trim() === mark);
      if (end < 0) break;
      const body = lines.slice(index, end).join("\n");
      text = bounded(`${text}\n${body}\n`);
      index = end + 1;
    }
  }
  return { text: text.trim(), next: index };
}

function bounded(text: string): string {
  return text.slice(0, INSTRUCTION_CHARACTERS_MAX);
}

function instructionOf(text: string, place: Location): Instruction {
  const space = text.search(/\s/);
  const keyword = (space < 0 ? text : text.slice(0, space)).toUpperCase();
  let rest = space < 0 ? "" : text.slice(space).trim();
  const flags = new Map<string, string>();
  for (;;) {
    const [all, name, value] = /^--([a-z-]+)(?:=(\S*))?(?:\s+|$)/.exec(rest) ?? [];
    if (all === undefined || name === undefined) break;
    flags.set(name, value ?? "");
    rest = rest.slice(all.length);
  }
  const exec = execForm(rest);
  const words = exec ?? shellWords(rest);
  return { at: place, keyword, flags, text: rest, words, exec: exec !== undefined };
}

/** The words of `["a", "b"]`; undefined for any other form, which Docker runs as text. */
function execForm(text: string): readonly string[] | undefined {
  if (!text.startsWith("[") || !text.endsWith("]")) return undefined;
  const words: string[] = [];
  const item = /\s*"((?:[^"\\]|\\.)*)"\s*(,|\])/y;
  item.lastIndex = 1;
  for (let match = item.exec(text); match !== null; match = item.exec(text)) {
    words.push((match[1] ?? "").replace(/\\(.)/g, "$1"));
    if (match[2] === "]") return words;
  }
  return undefined;
}

/** All that happens on the way to the last stage (or the one named): its bases come first. */
export function finalStage(
  document: DockerfileDocument,
  target: string | undefined,
): readonly Instruction[] | undefined {
  return stagesTo(document, target)?.flatMap(({ instructions }) => instructions);
}

/** The last stage (or the one named) behind the stages that it starts from. */
export function stagesTo(
  document: DockerfileDocument,
  target: string | undefined,
): readonly Stage[] | undefined {
  const last = document.stages.findLast(({ name }) => target === undefined || name === target);
  return last === undefined ? undefined : chainOf(document, last);
}

/** A stage behind the stages that it starts from; the first of them starts from an image. */
function chainOf(document: DockerfileDocument, stage: Stage): readonly Stage[] {
  const chain = [stage];
  for (;;) {
    const [first] = chain;
    const index = first === undefined ? -1 : document.stages.indexOf(first);
    const before = document.stages.slice(0, Math.max(0, index));
    const base = before.findLast(({ name }) => name !== undefined && name === first?.from.value);
    if (base === undefined) return chain;
    chain.unshift(base);
  }
}
