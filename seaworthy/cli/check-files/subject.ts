import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { layOut } from "../../facts/guide.ts";
import { nodeAt } from "../../facts/node.ts";
import { baseName, folderOf, type SourceFile, type Tree } from "../../facts/source.ts";
import { structured } from "../../facts/structured.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { readOneFile, readTree, type ReadTree } from "./read-tree.ts";
import { readText } from "./read-text.ts";

/** What `check` was asked to read: existing files, not a declaration. */
export interface Subject extends ReadTree {
  /** What was named, absolute. */
  readonly named: string;
  /** The folder that findings' paths are relative to, absolute. */
  readonly root: string;
  /** Declarations that were seen, and are not read here: nothing of a folder is run. */
  readonly declarations: readonly string[];
}

/**
 * The existing files that a first word means: a folder, a Markdown guide, a deployment file.
 * Undefined where it means a declaration. Refuses a word that names nothing.
 */
export function subjectOf(word: string, cwd: string): Subject | undefined {
  const full = resolve(cwd, word);
  if (!existsSync(full)) {
    throw new Refusal(EXIT.usage, `${word}: no such file or folder`, {
      fix: "name a folder, a Markdown guide, a deployment file or a declaration",
    });
  }
  const found = statSync(full);
  if (found.isDirectory()) return ofFolder(full);
  if (!found.isFile() || /\.[cm]?tsx?$/.test(full)) return undefined;
  if (/\.(?:md|mdx|markdown)$/i.test(full)) return ofGuide(full);
  if (/\.(?:ya?ml|json)$/.test(full) && isDeclarationFile(full)) return undefined;
  return ofFile(full);
}

/** The same files as they are now. */
export function readAgain({ named }: Subject): Subject {
  return statSync(named).isDirectory() ? ofFolder(named) : ofFile(named);
}

function ofFile(named: string): Subject {
  return { ...readOneFile(named), named, root: folderAbove(named), declarations: [] };
}

function ofFolder(root: string): Subject {
  const read = readTree(root);
  const declarations = read.tree.files.filter(isDeclaration);
  const files = read.tree.files.filter((file) => !isDeclaration(file) || isProgram(file.path));
  return {
    ...read,
    named: root,
    root,
    tree: { ...read.tree, files },
    declarations: declarations.map(({ path }) => path),
  };
}

function ofGuide(full: string): Subject {
  const text = readText(full);
  if (!text.ok) throw new Refusal(EXIT.usage, `${baseName(full)}: ${text.error}`);
  const path = baseName(full);
  const files = layOut({ path, text: text.value });
  const folders = files.map((file) => folderOf(file.path));
  const there = new Set([...files.map((file) => file.path), ...folders]);
  const tree: Tree = {
    files,
    has: (name) => there.has(name),
    isIgnored: () => false,
    unread: [],
    guide: path,
  };
  const nothing = { declarations: [], sideFolders: [], isCut: false };
  return { ...nothing, tree, named: full, root: folderAbove(full) };
}

/** A declaration that is data may have any name; one of our own four is always meant to be one. */
function isDeclarationFile(full: string): boolean {
  const text = readText(full);
  const path = baseName(full);
  // What cannot be read is a fault of the declaration, which has better words for it.
  if (!text.ok || DECLARATION.test(path)) return true;
  const [root] = structured({ path, text: text.value }).documents;
  return hasServicesThatRun(root);
}

const DECLARATION = /^system\.(?:ts|ya?ml|json)$/;

function isProgram(path: string): boolean {
  return path.endsWith(".ts");
}

function isDeclaration(file: SourceFile): boolean {
  if (!DECLARATION.test(baseName(file.path))) return false;
  if (isProgram(file.path)) return /\bfrom\s*["']seaworthy["']/.test(file.text);
  return hasServicesThatRun(structured(file).documents[0]);
}

/** `services.<name>.run` is ours; compose has none. */
function hasServicesThatRun(root: Parameters<typeof nodeAt>[0]): boolean {
  const services = nodeAt(root, "services");
  if (services?.type !== "map") return false;
  return [...services.entries.values()].some(({ node }) => nodeAt(node, "run") !== undefined);
}

function folderAbove(full: string): string {
  return full.slice(0, Math.max(1, full.length - baseName(full).length - 1));
}
