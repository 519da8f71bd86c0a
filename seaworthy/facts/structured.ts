import { getNodeValue, parseTree, type Node as JsonNode, type ParseError } from "jsonc-parser";
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  visit,
  type Alias,
  type Document as YamlDocument,
  type Pair,
  type Scalar,
} from "yaml";
import type { Entry, Node } from "./node.ts";
import type { SourceFile } from "./source.ts";

/** Larger files of data are not deployment files; one finding says that they were not read. */
const STRUCTURED_CHARACTERS_MAX = 2_000_000;
/** Deeper than any real file; the stack of a hostile one ends here. */
const DEPTH_MAX = 64;
/** Nodes after anchors were resolved: "a billion laughs" ends here. */
const NODES_MAX = 200_000;
/** Open brackets at one place; a template of another language may leave many unclosed. */
const BRACKETS_MAX = 500;

const UNCLOSED = /^Missing closing ['"]/;
/** Quoted scalars with a shallow last line, in one file. */
const SHALLOW_MAX = 20;
const DEEPER = " ".repeat(80);

/** The documents of a YAML stream, or the one of a JSON file, and what was wrong with the text. */
export interface Structured {
  readonly documents: readonly Node[];
  readonly errors: readonly { readonly line: number; readonly message: string }[];
  /** Keys that stand twice in one map of YAML: the last one is read, and strict readers refuse. */
  readonly duplicates?: readonly { readonly line: number; readonly key: string }[];
}

/** Translations, pages, pictures and tables, whose texts may hold what a rule looks for. */
const OTHERS = /\.(?:pot?|xliff?|xlf|html?|svg|xml|s?css|[ct]sv|log|tex|map)$/i;

const read = new WeakMap<SourceFile, Structured>();

/** Reads YAML or JSON once a file. Never throws: what cannot be read is in `errors`. */
export function structured(file: SourceFile): Structured {
  const known = read.get(file);
  if (known !== undefined) return known;
  const made = OTHERS.test(file.path)
    ? { documents: [], errors: [] }
    : /^\s*[{[]/.test(file.text.slice(0, 200))
      ? fromJson(file.text)
      : fromYaml(file.text);
  read.set(file, made);
  return made;
}

function fromJson(text: string): Structured {
  if (text.length > STRUCTURED_CHARACTERS_MAX) return tooLarge();
  if (nestsTooDeep(text)) return tooDeep();
  const lines = lineStarts(text);
  const problems: ParseError[] = [];
  const root = parseTree(text, problems, { allowTrailingComma: true });
  const errors = problems
    .slice(0, 1)
    .map(({ offset }) => ({ line: lineOf(lines, offset), message: "this is not valid JSON" }));
  if (root === undefined) return { documents: [], errors };
  // A flow mapping of YAML begins with a brace too.
  if (errors.length > 0) {
    const yaml = fromYaml(text);
    if (yaml.errors.length === 0) return yaml;
  }
  return { documents: [jsonNode(root, lines)], errors };
}

function jsonNode(node: JsonNode, lines: readonly number[]): Node {
  const line = lineOf(lines, node.offset);
  if (node.type === "array") {
    return {
      type: "list",
      line,
      items: (node.children ?? []).map((item) => jsonNode(item, lines)),
    };
  }
  if (node.type === "object") {
    const entries = new Map<string, Entry>();
    for (const { children } of node.children ?? []) {
      const [key, value] = children ?? [];
      if (key === undefined || value === undefined) continue;
      const name: unknown = getNodeValue(key);
      entries.set(String(name), { line: lineOf(lines, key.offset), node: jsonNode(value, lines) });
    }
    return { type: "map", line, entries };
  }
  const value: unknown = getNodeValue(node);
  return { type: "scalar", line, value: plain(value), text: String(value), block: false };
}

function fromYaml(text: string): Structured {
  if (text.length > STRUCTURED_CHARACTERS_MAX) return tooLarge();
  if (nestsTooDeep(text)) return tooDeep();
  let indented = text;
  for (let tries = 0; ; tries += 1) {
    const read = readYaml(indented);
    const shallow = read.errors.find(({ message }) => UNCLOSED.test(message));
    if (shallow === undefined || tries === SHALLOW_MAX) return read;
    const deeper = withIndent(indented, shallow.line);
    if (deeper === undefined) return read;
    indented = deeper;
  }
}

/**
 * YAML 1.2 wants the lines of a quoted scalar deeper than its key; libyaml and what descends from
 * it, kubectl's reader among them, does not ask. Such a line is read as if it stood deeper.
 */
function withIndent(text: string, line: number): string | undefined {
  const lines = text.split("\n");
  // The scalar was cut off behind the line that is named.
  const shallow = lines[line];
  if (shallow === undefined || shallow.startsWith(DEEPER)) return undefined;
  lines[line] = DEEPER + shallow;
  return lines.join("\n");
}

function readYaml(text: string): Structured {
  const counter = new LineCounter();
  const errors: { line: number; message: string }[] = [];
  const documents: Node[] = [];
  const duplicates: { line: number; key: string }[] = [];
  try {
    for (const document of parseYaml(text, counter)) {
      for (const { pos, message } of document.errors) {
        errors.push({ line: counter.linePos(pos[0]).line, message: firstLine(message) });
      }
      const reading = new YamlReading(document, counter);
      const node = reading.node(document.contents, 0);
      if (node !== undefined) documents.push(node);
      if (reading.exhausted) errors.push({ line: 1, message: "too deep, too large or cyclic" });
      duplicates.push(...reading.duplicates);
    }
  } catch (error) {
    // The library's own stack ends on hostile nesting; the file is then one finding.
    errors.push({ line: 1, message: firstLine(String(error)) });
  }
  return { documents, errors, duplicates };
}

function parseYaml(text: string, lineCounter: LineCounter): readonly YamlDocument.Parsed[] {
  const options = { lineCounter, uniqueKeys: false, strict: false, logLevel: "silent" } as const;
  const parsed = parseAllDocuments(text, options);
  return Array.isArray(parsed) ? parsed : [];
}

/** One document's nodes, anchors resolved and `<<` merged, within limits. */
class YamlReading {
  readonly #targets: ReadonlyMap<Alias, unknown>;
  readonly #counter: LineCounter;
  #left = NODES_MAX;
  exhausted = false;
  readonly duplicates: { line: number; key: string }[] = [];

  constructor(document: YamlDocument.Parsed, counter: LineCounter) {
    this.#targets = targetsOf(document);
    this.#counter = counter;
  }

  node(value: unknown, depth: number): Node | undefined {
    if (depth > DEPTH_MAX || this.#left <= 0) {
      this.exhausted = true;
      return undefined;
    }
    this.#left -= 1;
    if (isAlias(value)) return this.node(this.#targets.get(value), depth + 1);
    if (isScalar(value)) return this.#scalar(value);
    if (isMap(value)) {
      const entries = new Map<string, Entry>();
      const own = new Set<string>();
      for (const pair of value.items) {
        const key = this.#pair(pair, entries, depth);
        if (key === undefined) continue;
        if (own.has(key.key)) this.duplicates.push(key);
        own.add(key.key);
      }
      return { type: "map", line: this.#line(value.range?.[0]), entries };
    }
    if (!isSeq(value)) return undefined;
    const items = value.items.flatMap((item) => this.node(item, depth + 1) ?? []);
    return { type: "list", line: this.#line(value.range?.[0]), items };
  }

  #scalar({ value, source, type, range }: Scalar): Node {
    const block = type === "BLOCK_LITERAL" || type === "BLOCK_FOLDED";
    const own = plain(value);
    const text = block || source === undefined ? String(own ?? "") : source;
    return { type: "scalar", line: this.#line(range?.[0]), value: own, text, block };
  }

  /** The key, unless it merges other maps. */
  #pair({ key, value }: Pair, entries: Map<string, Entry>, depth: number) {
    const name = this.node(key, depth + 1);
    if (name?.type !== "scalar") return undefined;
    const node = this.node(value, depth + 1) ?? emptyAt(name.line);
    if (name.text === "<<") {
      for (const source of node.type === "list" ? node.items : [node]) {
        if (source.type !== "map") continue;
        for (const [inherited, entry] of source.entries) {
          if (!entries.has(inherited)) entries.set(inherited, entry);
        }
      }
      return undefined;
    }
    entries.set(name.text, { line: name.line, node });
    return { line: name.line, key: name.text };
  }

  #line(offset: number | undefined): number {
    return offset === undefined ? 1 : this.#counter.linePos(offset).line;
  }
}

/**
 * What each alias stands for: the last node before it that bears its anchor. Once for all of
 * them, as the library walks the whole document for every one.
 */
function targetsOf(document: YamlDocument.Parsed): ReadonlyMap<Alias, unknown> {
  const anchors = new Map<string, unknown>();
  const targets = new Map<Alias, unknown>();
  visit(document, {
    Alias: (_, alias) => {
      targets.set(alias, anchors.get(alias.source));
    },
    Value: (_, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

/** A key without a value. */
function emptyAt(line: number): Node {
  return { type: "scalar", line, value: null, text: "", block: false };
}

/** Dates, and integers too large for a number, are texts. */
function plain(value: unknown): string | number | boolean | null {
  if (typeof value === "string" || typeof value === "number") return value;
  if (typeof value === "boolean") return value;
  if (typeof value === "bigint") return value.toString();
  return value instanceof Date ? value.toISOString() : null;
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let index = text.indexOf("\n"); index >= 0; index = text.indexOf("\n", index + 1)) {
    starts.push(index + 1);
  }
  return starts;
}

/** 1-based line of an offset, by halving. */
function lineOf(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? Infinity) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? "";
}

/** Brackets nested deeper than any real file: the parsers would exhaust the stack on them. */
function nestsTooDeep(text: string): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === 0x5b || character === 0x7b) depth += 1;
    else if ((character === 0x5d || character === 0x7d) && depth > 0) depth -= 1;
    if (depth > BRACKETS_MAX) return true;
  }
  return false;
}

function tooDeep(): Structured {
  return { documents: [], errors: [{ line: 1, message: "nested too deep to be read" }] };
}

function tooLarge(): Structured {
  return { documents: [], errors: [{ line: 1, message: "too large to be read" }] };
}
