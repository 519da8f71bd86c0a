import type { Problem } from "../document.ts";
import { at, type SourceFile } from "../source.ts";
import { nginxProblems } from "./nginx-problems.ts";
import type { NginxDirective, NginxDocument } from "./proxies.ts";

/** Blocks in blocks; nginx itself has five levels. */
const DEPTH_MAX = 16;
const WORD_CHARACTERS_MAX = 65_536;
/** A configuration larger than this is data. */
const FILE_CHARACTERS_MAX = 2_000_000;

/** A directive that hardly anything but nginx has. */
const TELLING_WORDS =
  "server_name proxy_pass listen upstream location limit_req_zone ssl_certificate add_header " +
  "fastcgi_pass worker_processes root gzip";
const TELLING = new RegExp(
  String.raw`(^|[\s{;])(${TELLING_WORDS.replaceAll(" ", "|")})\s[^;{}]*[;{]`,
);
const BLOCKS = /(^|[\s;}])(server|http|upstream\s+\S+|location\s[^{;]*|events|stream)\s*\{/;

/** Marks of Go templates and Jinja. */
const TEMPLATE = /\{\{[^{}\n]{1,300}\}\}|\{%[^{}\n]{1,300}%\}/;

/** Endings of nginx configurations and of templates for them. */
const ENDINGS = new Set(["conf", "nginx", "vhost", "template", "tmpl", "tpl", "j2", "txt"]);
/** Files of other languages may have nginx in their names. */
const OTHERS = new Set(
  "yml yaml json md ts tsx js jsx java py go rs tf toml lua css html sh".split(" "),
);

/** Reads an nginx configuration, whole or a part that is included; undefined when it is none. */
export function readNginx(file: SourceFile): NginxDocument | undefined {
  if (file.text.length > FILE_CHARACTERS_MAX) return undefined;
  if (!looksLikeNginx(file)) return undefined;
  const reading = new Reading(file);
  const directives = reading.block(0);
  if (directives.length === 0) return undefined;
  // A template is not what nginx reads: what its marks become is not known.
  const problems = TEMPLATE.test(file.text)
    ? []
    : [...reading.problems, ...nginxProblems(file, directives)];
  return { kind: "nginx", file, directives, problems };
}

function looksLikeNginx({ path, text }: SourceFile): boolean {
  const named = /nginx|sites-(available|enabled)|conf\.d\//i.test(path);
  const ending = /\.([a-z0-9]{1,10})(?:~\d+)?$/i.exec(path.slice(path.lastIndexOf("/") + 1))?.[1];
  if (!named && ending !== undefined && !ENDINGS.has(ending)) return false;
  if (named && ending !== undefined && OTHERS.has(ending)) return false;
  const head = text.slice(0, 100_000);
  if (!named && isAssigned(head)) return false;
  // Any text may speak of a location: only a block at a line's start tells.
  if (!named && ending === "txt" && !/^[ \t]*(?:server|http|upstream\s+\S+)\s*\{/m.test(head)) {
    return false;
  }
  // Sections in brackets are those of INI files: PHP-FPM's pools listen too.
  if (/^\[[\w. -]{1,80}\]\s*$/m.test(head)) return false;
  return TELLING.test(head) && (BLOCKS.test(head) || named);
}

/** `content_by_lua_block { … }` and its kin hold a program. */
const SCRIPT_BLOCK = /_by_(?:lua|njs)_block$/;

/** Languages with blocks of `key = value` have more of those than of lines that end in `;`. */
function isAssigned(text: string): boolean {
  const lines = text.split("\n").map((line) => line.slice(0, 400).trimEnd());
  const assigned = lines.filter((line) => /^\s*[\w.-]{1,100}\s?=\s?[^;]*$/.test(line)).length;
  return assigned > lines.filter((line) => line.endsWith(";")).length;
}

class Reading {
  readonly problems: Problem[] = [];
  readonly #file: SourceFile;
  #offset = 0;
  #line = 1;

  constructor(file: SourceFile) {
    this.#file = file;
  }

  /** Directives until the block's end, or until the text's. */
  block(depth: number): readonly NginxDirective[] {
    const directives: NginxDirective[] = [];
    for (;;) {
      const { words, end, line } = this.#statement();
      const [name, ...rest] = words;
      if (end === "{" && name !== undefined && SCRIPT_BLOCK.test(name)) {
        this.#passScript();
        directives.push({ name, words: rest, line, block: [] });
        continue;
      }
      if (end === "{") {
        const deeper = depth < DEPTH_MAX ? this.block(depth + 1) : this.#skip();
        if (name !== undefined) directives.push({ name, words: rest, line, block: deeper });
        continue;
      }
      if (name !== undefined) {
        directives.push({ name, words: rest, line, block: undefined });
        if (end !== ";") this.#say(line, `"${name}" does not end with ";"`, 'end it with ";"');
      }
      if (end === "") {
        if (depth > 0) this.#say(line, 'a "}" is missing at the end', "close the block");
        return directives;
      }
      if (end === "}") {
        if (depth > 0) return directives;
        this.#say(line, 'an unexpected "}"', "remove it, or open its block");
      }
    }
  }

  /** Words up to `;`, `{`, `}` or the end. Quotes, escapes and comments as nginx reads them. */
  #statement(): { words: readonly string[]; end: string; line: number } {
    const { text } = this.#file;
    const words: string[] = [];
    let line = this.#line;
    while (this.#offset < text.length) {
      const character = text[this.#offset] ?? "";
      if (character === "\n") this.#line += 1;
      if (/\s/.test(character)) {
        this.#offset += 1;
        continue;
      }
      if (character === "#") {
        const end = text.indexOf("\n", this.#offset);
        this.#offset = end < 0 ? text.length : end;
        continue;
      }
      if (words.length === 0) line = this.#line;
      if (character === ";" || character === "{" || character === "}") {
        this.#offset += 1;
        return { words, end: character, line };
      }
      words.push(this.#word());
    }
    return { words, end: "", line };
  }

  #word(): string {
    const { text } = this.#file;
    const quote = text[this.#offset] ?? "";
    const quoted = quote === '"' || quote === "'";
    const from = quoted ? this.#offset + 1 : this.#offset;
    let index = from;
    for (; index < text.length && index - from < WORD_CHARACTERS_MAX; index += 1) {
      const character = text[index] ?? "";
      if (character === "\n") {
        if (!quoted) break;
        this.#line += 1;
      }
      if (character === "\\") index += 1;
      else if (quoted && character === quote) break;
      else if (!quoted && (/\s/.test(character) || character === ";")) break;
      // `${name}` is part of a word, any other brace is not.
      else if (!quoted && character === "{" && text[index - 1] !== "$") break;
      else if (!quoted && character === "}" && !text.slice(from, index).includes("${")) break;
    }
    this.#offset = quoted ? index + 1 : index;
    return text.slice(from, index);
  }

  /** A program in another language: only its braces are counted, outside of its quotes. */
  #passScript(): void {
    const { text } = this.#file;
    let quote = "";
    for (let open = 1; open > 0 && this.#offset < text.length; this.#offset += 1) {
      const character = text[this.#offset] ?? "";
      if (character === "\n") this.#line += 1;
      if (character === "\\") this.#offset += 1;
      else if (quote !== "") quote = character === quote || character === "\n" ? "" : quote;
      else if (character === '"' || character === "'") quote = character;
      else if (character === "{") open += 1;
      else if (character === "}") open -= 1;
    }
  }

  /** A block that is nested too deep is passed over. */
  #skip(): readonly NginxDirective[] {
    for (let open = 1; open > 0; ) {
      const { end } = this.#statement();
      if (end === "") return [];
      if (end === "{") open += 1;
      if (end === "}") open -= 1;
    }
    return [];
  }

  #say(line: number, message: string, fix: string): void {
    this.problems.push({ at: at(this.#file, line), message, fix });
  }
}

/** Every directive of a tree with the blocks it stands in, outermost first. */
export function* walk(
  directives: readonly NginxDirective[],
  within: readonly NginxDirective[] = [],
): Generator<{ readonly directive: NginxDirective; readonly within: readonly NginxDirective[] }> {
  for (const directive of directives) {
    yield { directive, within };
    if (directive.block !== undefined) yield* walk(directive.block, [...within, directive]);
  }
}
