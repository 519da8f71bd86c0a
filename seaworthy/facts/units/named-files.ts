import type { Document, DocumentKind, Documents } from "../document.ts";
import type { Facts } from "../facts.ts";
import type { Node } from "../node.ts";
import { at, baseName, folderOf, joinPath, type Location } from "../source.ts";

/** Where files of a tree are named by what runs. */
export interface NamedFiles {
  /** The place that names this document's path or a folder above it. */
  readonly at: (document: Document) => Location | undefined;
}

const TEXT_CHARACTERS_MAX = 400;

/** Every path that compose files and kustomizations of these documents name. */
export function namedFiles(documents: readonly Document[], guide: boolean): NamedFiles {
  const strong = new Map<string, Location>();
  const weak = new Map<string, Location>();
  const note = (path: string | undefined, place: Location, isWeak: boolean): void => {
    const places = isWeak ? weak : strong;
    if (path !== undefined && !places.has(path)) places.set(path, place);
  };
  for (const document of documents) {
    if (document.kind !== "compose" && document.kind !== "kustomization") continue;
    const folder = folderOf(document.file.path);
    for (const { key, text, line } of scalarsOf(document.root, "")) {
      const place = at(document.file, line);
      const [source = "", target = ""] = text.split(":");
      if (isPath(source)) {
        const path = joinPath(folder, withoutVariable(source));
        note(path, place, isCode(key) || path === undefined || isWithin(folder, path));
      }
      if (!guide) continue;
      // A guide lays its files out where it likes: their names must do.
      if (/[^/]\.\w+$/.test(source)) note(baseName(source), place, false);
      if (/[^/]\.\w+$/.test(target)) note(baseName(target), place, false);
    }
  }
  return {
    at: ({ kind, file: { path } }) => {
      const byName = guide ? strong.get(baseName(path)) : undefined;
      return (
        byName ?? onTheWay(strong, path) ?? (IN_CODE.has(kind) ? onTheWay(weak, path) : undefined)
      );
    },
  };
}

/**
 * A build's context and a mount of the whole project hold everything; only the application itself
 * is put to use by them.
 */
function isCode(key: string): boolean {
  return key === "context" || key === "build";
}

/** What an application is made of. */
export const IN_CODE: ReadonlySet<DocumentKind> = new Set<DocumentKind>([
  "application-source",
  "application-manifest",
  "spring-configuration",
  "dockerfile",
  "sql",
  "environment",
]);

function isWithin(folder: string, path: string): boolean {
  return path === "" || folder === path || folder.startsWith(`${path}/`);
}

function onTheWay(places: ReadonlyMap<string, Location>, path: string): Location | undefined {
  for (let above = path; above !== ""; above = folderOf(above)) {
    const place = places.get(above);
    if (place !== undefined) return place;
  }
  return places.get("");
}

function isPath(text: string): boolean {
  if (text.length > TEXT_CHARACTERS_MAX || /\s|:\/\//.test(text)) return false;
  return text.startsWith(".") || text.startsWith("$") || /[^/]\.\w{1,12}$/.test(text);
}

/** `${PWD}/conf` and `${DIR:-.}/conf` stand below the file's own folder in all likelihood. */
function withoutVariable(path: string): string {
  return path.replace(/^\$(?:\w+|\{\w+(?::?-\.?\/?)?\})\//, "./");
}

interface KeyedText {
  readonly key: string;
  readonly text: string;
  readonly line: number;
}

function* scalarsOf(node: Node, key: string): Generator<KeyedText> {
  if (node.type === "scalar") {
    if (typeof node.value === "string") yield { key, text: node.text, line: node.line };
  } else if (node.type === "list") {
    for (const item of node.items) yield* scalarsOf(item, key);
  } else {
    for (const [name, { node: inner }] of node.entries) yield* scalarsOf(inner, name);
  }
}

/** Programs whose arguments are not put to use. */
const IDLE = new Set(
  "echo printf cat less head tail grep rm ls test [ [[ stat wc vi vim nano".split(" "),
);

/** Where a command of some script copies, applies or runs a file of the tree. */
export function usedByCommands(facts: Facts, documents: Documents): NamedFiles {
  const paths = new Set(documents.tree.files.map(({ path }) => path));
  const byName = Map.groupBy(paths, baseName);
  const places = new Map<string, Location>();
  for (const step of facts.of("step")) {
    const [program = "", ...words] = step.expanded.length > 0 ? step.expanded : step.words;
    if (IDLE.has(baseName(program))) continue;
    for (const word of [program, ...words]) {
      if (word.length > TEXT_CHARACTERS_MAX || !word.includes(".")) continue;
      const path = word.slice(word.lastIndexOf("=") + 1).split(":", 1)[0] ?? "";
      const found = resolved(path, { script: step.script, paths, byName });
      if (found !== undefined && !places.has(found)) places.set(found, step.at);
    }
  }
  return { at: ({ file }) => places.get(file.path) };
}

function resolved(
  path: string,
  tree: {
    readonly script: string;
    readonly paths: ReadonlySet<string>;
    readonly byName: ReadonlyMap<string, readonly string[]>;
  },
): string | undefined {
  const plain = withoutVariable(path);
  const beside = joinPath(folderOf(tree.script), plain);
  if (beside !== undefined && tree.paths.has(beside)) return beside;
  const atTop = joinPath("", plain);
  if (atTop !== undefined && tree.paths.has(atTop)) return atTop;
  const [only, ...others] = tree.byName.get(baseName(path)) ?? [];
  return others.length === 0 ? only : undefined;
}
