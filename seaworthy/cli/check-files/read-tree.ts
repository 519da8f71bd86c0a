import { lstatSync, readdirSync, realpathSync, statSync, type Dirent } from "node:fs";
import { join, sep } from "node:path";
import { baseName, folderOf, type SourceFile, type Tree } from "../../facts/source.ts";
import { isIgnoredBy, readIgnoreFile, type IgnoreFile } from "./git-ignore.ts";
import { isMadeFolder, isSideFolder, isSource, isUnreadName } from "./left-out.ts";
import { readText } from "./read-text.ts";

/** As many as a large monorepo's deployment and application files; more is cut, and said. */
const FILES_MAX = 5_000;
/** All texts together, in bytes: they are held in memory. */
const TOTAL_BYTES_MAX = 64_000_000;
/** Names that are looked at before the walk ends. */
const ENTRIES_MAX = 200_000;
/** Folders inside folders. */
const DEPTH_MAX = 40;
/** Faults of single files that are named; the rest is counted. */
const UNREAD_MAX = 50;

/** What was read of a folder, and what was left out on purpose. */
export interface ReadTree {
  readonly tree: Tree;
  /** Folders that hold tests or examples, with their number of files. */
  readonly sideFolders: readonly { readonly path: string; readonly files: number }[];
  /** The walk or the reading ended before its end: what is missing proves nothing. */
  readonly isCut: boolean;
}

export interface ReadLimits {
  readonly files?: number;
  readonly bytes?: number;
  readonly entries?: number;
}

/** Reads every text file below a folder. Follows no link, and never leaves the folder. */
export function readTree(root: string, limits: ReadLimits = {}): ReadTree {
  const walk = new Walk(realpathSync(root), limits.entries ?? ENTRIES_MAX);
  walk.folder("", 0);
  const read = readAll(walk, limits);
  const folders = new Set(walk.folders);
  const there = new Set([...walk.files, ...walk.side, ...walk.others, ...folders]);
  // What is not there might be either.
  const isFolder = (path: string) => folders.has(path) || !there.has(path);
  const isOpaque = (path: string) => walk.opaque.has(path);
  const unread = [...walk.unread, ...read.unread];
  const cut = walk.cut ?? read.cut;
  const named = unread.slice(0, UNREAD_MAX);
  const unnamed = unread.length - named.length;
  if (cut !== undefined) named.push({ path: ".", because: cut });
  if (unnamed > 0) named.push({ path: ".", because: `${String(unnamed)} more, not named here` });
  return {
    tree: {
      files: read.files,
      has: (path) => there.has(path) || ancestors(path).some(isOpaque),
      isIgnored: (path) => isIgnoredBy(walk.ignoreFiles, path, isFolder(path)),
      unread: named,
      guide: undefined,
    },
    sideFolders: sideFolders(walk.side),
    isCut: cut !== undefined,
  };
}

/** The names of a tree. Reads nothing but `.gitignore` files. */
class Walk {
  readonly files: string[] = [];
  /** Files in folders of tests and examples. */
  readonly side: string[] = [];
  /** Names that are there and hold no text to read. */
  readonly others: string[] = [];
  readonly folders: string[] = [""];
  /** Folders that were not entered: all below them may be there. */
  readonly opaque = new Set<string>();
  readonly unread: { readonly path: string; readonly because: string }[] = [];
  readonly ignoreFiles: IgnoreFile[] = [];
  cut: string | undefined;
  readonly #root: string;
  #left: number;

  constructor(root: string, entries: number) {
    this.#root = root;
    this.#left = entries;
  }

  full(path: string): string {
    return join(this.#root, path);
  }

  folder(path: string, depth: number, isSide = false): void {
    if (depth > DEPTH_MAX) {
      this.unread.push({ path, because: `more than ${String(DEPTH_MAX)} folders deep` });
      this.opaque.add(path);
      return;
    }
    const entries = this.#entries(path);
    // A virtual environment of Python, whatever it is called (PEP 405).
    if (path !== "" && entries.some(({ name }) => name === "pyvenv.cfg")) {
      this.opaque.add(path);
      return;
    }
    if (entries.some(({ name }) => name === ".gitignore")) this.#ignoreFile(path);
    for (const entry of entries) {
      if (this.#left <= 0) {
        this.cut ??= `the walk ended at ${String(ENTRIES_MAX)} names: name a smaller folder`;
        this.opaque.add(path);
        return;
      }
      this.#left -= 1;
      const own = path === "" ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) this.#enter(own, entry.name, { depth, isSide });
      else this.#file(own, entry, isSide);
    }
  }

  #enter(
    own: string,
    name: string,
    at: { readonly depth: number; readonly isSide: boolean },
  ): void {
    this.folders.push(own);
    if (isMadeFolder(name) || isIgnoredBy(this.ignoreFiles, own, true)) this.opaque.add(own);
    else this.folder(own, at.depth + 1, at.isSide || isSideFolder(name));
  }

  #file(own: string, entry: Dirent, isSide: boolean): void {
    if (entry.isSymbolicLink()) this.#link(own);
    else if (!entry.isFile() || isUnreadName(entry.name)) this.others.push(own);
    else if (isSide) this.side.push(own);
    else this.files.push(own);
  }

  /** What a link inside the tree points to is read where it stands. */
  #link(own: string): void {
    try {
      const target = realpathSync(this.full(own));
      if (target !== this.#root && !target.startsWith(`${this.#root}${sep}`)) {
        this.unread.push({ path: own, because: "a link that leaves the folder is not followed" });
      }
      if (statSync(target).isDirectory()) this.opaque.add(own);
      this.others.push(own);
    } catch {
      // A link to nothing, or a ring of links.
      this.unread.push({ path: own, because: "a link that leads nowhere" });
    }
  }

  #entries(path: string): readonly Dirent[] {
    try {
      const entries = readdirSync(this.full(path), { withFileTypes: true });
      return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      this.unread.push({ path: path === "" ? "." : path, because: reason(error) });
      this.opaque.add(path);
      return [];
    }
  }

  #ignoreFile(folder: string): void {
    const path = folder === "" ? ".gitignore" : `${folder}/.gitignore`;
    const text = readText(this.full(path));
    if (text.ok) this.ignoreFiles.push(readIgnoreFile(folder, text.value));
  }
}

interface Reading {
  readonly files: readonly SourceFile[];
  readonly unread: readonly { readonly path: string; readonly because: string }[];
  readonly cut: string | undefined;
}

/** Deployment files before source code, so that limits cut what matters least. */
function readAll(walk: Walk, limits: ReadLimits): Reading {
  const filesMax = limits.files ?? FILES_MAX;
  const bytesMax = limits.bytes ?? TOTAL_BYTES_MAX;
  const ordered = [
    ...walk.files.filter((path) => !isSource(path)),
    ...walk.files.filter((path) => isSource(path)),
  ];
  const files: SourceFile[] = [];
  const unread: { path: string; because: string }[] = [];
  let bytes = 0;
  for (const path of ordered) {
    if (files.length >= filesMax || bytes >= bytesMax) {
      const rest = String(ordered.length - files.length - unread.length);
      const limit =
        files.length >= filesMax ? `${String(filesMax)} files` : `${String(bytesMax)} bytes`;
      return { files, unread, cut: `${rest} files were not read: the limit is ${limit}` };
    }
    const text = readText(walk.full(path));
    if (text.ok) {
      bytes += text.value.length;
      files.push({ path, text: text.value });
    } else if (text.error !== "binary") {
      unread.push({ path, because: text.error });
    }
  }
  return { files, unread, cut: undefined };
}

function ancestors(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(0, index).join("/"));
}

/** The outermost folders that were passed over, each once. */
function sideFolders(side: readonly string[]): ReadTree["sideFolders"] {
  const counts = new Map<string, number>();
  for (const path of side) {
    const parts = folderOf(path).split("/");
    const at = parts.findIndex((part) => isSideFolder(part));
    const folder = parts.slice(0, at + 1).join("/");
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].map(([path, files]) => ({ path, files }));
}

function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return `cannot be read: ${code}`;
}

/** One named file as a tree of its own; its neighbours are known to be there, and not read. */
export function readOneFile(path: string): ReadTree {
  const name = baseName(path);
  const folder = path.slice(0, Math.max(0, path.length - name.length)) || ".";
  const text = readText(path);
  const alone = { path: ".", because: `only ${name} was named: what is beside it was not read` };
  return {
    tree: {
      files: text.ok ? [{ path: name, text: text.value }] : [],
      has: (other) => !other.includes("..") && lstatSync(join(folder, other), QUIET) !== undefined,
      isIgnored: () => false,
      unread: text.ok ? [alone] : [{ path: name, because: text.error }],
      guide: undefined,
    },
    sideFolders: [],
    isCut: false,
  };
}

const QUIET = { throwIfNoEntry: false } as const;
