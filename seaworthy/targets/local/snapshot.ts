import { lstat, readdir, readlink, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { formatBytes } from "@seaworthy/std/bytes";
import { TargetError } from "../target.ts";
import { outside } from "./outside.ts";
import { isFolder, packageClosure, readManifest, type PackageClosure } from "./snapshot-closure.ts";
import { inTurns } from "./snapshot-turns.ts";

/**
 * What an app is made of: its folder and its production closure, laid out as they lie in the
 * checkout, so that Node resolves every import as it does there.
 */
export interface Snapshot {
  /** Real path of the folder that holds everything; paths below are relative to it. */
  readonly root: string;
  /** The app's own folder; empty when it is the root. */
  readonly app: string;
  /** Sorted by path, each path once. */
  readonly entries: readonly SnapshotEntry[];
}

export type SnapshotEntry = SnapshotFile | SnapshotLink;

export interface SnapshotFile {
  readonly kind: "file";
  readonly path: string;
  readonly executable: boolean;
  readonly bytes: number;
}

export interface SnapshotLink {
  readonly kind: "link";
  readonly path: string;
  /** Relative to the link's folder. */
  readonly target: string;
}

export interface SnapshotOptions {
  /** Absolute: the folder of the declaration. */
  readonly systemFolder: string;
  /** As declared, relative to it. */
  readonly build: string;
  /** Whether Node resolves imports here; otherwise the folder is copied as it is. */
  readonly runsNode: boolean;
  /** Our own state, in case it lies inside the app's folder. */
  readonly exclude: string;
  readonly signal: AbortSignal;
  readonly limits?: SnapshotLimits;
}

/** What one release may be made of. */
export interface SnapshotLimits {
  readonly files: number;
  readonly bytes: number;
}

/**
 * A large `node_modules` has 30,000 files, and each release is a copy of which several are kept:
 * more is a folder that was not meant.
 */
const LIMITS: SnapshotLimits = { files: 50_000, bytes: 1_073_741_824 };
/** Never part of an app: history, and Python's cache, which changes by running. */
const SKIPPED_ALWAYS: ReadonlySet<string> = new Set([".git", "__pycache__"]);
/** The packages of the closure are walked themselves; the others are not needed. */
const SKIPPED_OF_PACKAGES: ReadonlySet<string> = new Set([...SKIPPED_ALWAYS, "node_modules"]);
const NO_PACKAGES: PackageClosure = { folders: [], links: new Map() };

/** Reads what there is, names and sizes only. Fails with `TargetError`. */
export async function takeSnapshot(options: SnapshotOptions): Promise<Snapshot> {
  const { build, exclude, signal } = options;
  const systemFolder = await realFolder(options.systemFolder, { declared: options.systemFolder });
  const app = await realFolder(resolve(systemFolder, build), { declared: build });
  await refuseOutside(app, { systemFolder, build });
  const scope = await packageScope(app, { systemFolder, runsNode: options.runsNode });
  const closure = scope === undefined ? NO_PACKAGES : await packageClosure(scope, signal);
  const packages = closure.folders.filter((folder) => folder !== scope);
  const manifest = scope === undefined || scope === app ? [] : [join(scope, "package.json")];
  const single = [...manifest, ...closure.links.keys()];
  const root = commonFolder([app, ...packages, ...single.map((path) => dirname(path))]);

  const collection = new Collection(root, { signal, limits: options.limits ?? LIMITS });
  for (const path of manifest) await collection.addFile(path);
  // Without a package nobody says which of the packages there are needed.
  const skip = scope === undefined ? SKIPPED_ALWAYS : SKIPPED_OF_PACKAGES;
  await collection.addFolder(app, { skip, exclude });
  for (const folder of packages) {
    await collection.addFolder(folder, { skip: SKIPPED_OF_PACKAGES, exclude });
  }
  for (const [path, target] of closure.links) collection.addLink({ path, target });
  return { root, app: relative(root, app), entries: collection.sorted() };
}

/**
 * The folder whose `package.json` says what the app's imports mean: the nearest upwards, but not
 * above the declaration. Undefined for what is no Node package.
 */
async function packageScope(
  app: string,
  options: { readonly systemFolder: string; readonly runsNode: boolean },
): Promise<string | undefined> {
  const { systemFolder, runsNode } = options;
  for (let folder = app; ; folder = dirname(folder)) {
    if (await exists(join(folder, "package.json"))) return folder;
    if (!runsNode || folder === systemFolder || !isInside(systemFolder, { path: folder })) {
      return undefined;
    }
  }
}

async function refuseOutside(
  app: string,
  declared: { readonly systemFolder: string; readonly build: string },
): Promise<void> {
  const workspace = await workspaceRoot(declared.systemFolder);
  if (isInside(workspace, { path: app })) return;
  throw new TargetError("failed", `build: ${declared.build} leads out of ${workspace}`, {
    detail: [`it is ${app}`],
    fix: "move the folder into the workspace, or the declaration beside it",
  });
}

/** The nearest folder upwards that says it is a workspace or a repository; else the system's. */
async function workspaceRoot(systemFolder: string): Promise<string> {
  for (let folder = systemFolder; folder !== dirname(folder); folder = dirname(folder)) {
    if (await exists(join(folder, ".git"))) return folder;
    if (await exists(join(folder, "pnpm-workspace.yaml"))) return folder;
    const manifest = await readManifest(join(folder, "package.json"));
    if (manifest?.workspaces !== undefined) return folder;
  }
  return systemFolder;
}

async function realFolder(path: string, options: { readonly declared: string }): Promise<string> {
  if (!(await isFolder(path))) {
    throw new TargetError("failed", `there is no folder ${options.declared}`, {
      detail: [`looked for ${path}`],
      fix: "correct `build`: it is relative to the declaration's folder",
    });
  }
  return await realpath(path);
}

/** Grows while folders are walked; holds the limits. */
class Collection {
  readonly #root: string;
  readonly #signal: AbortSignal;
  readonly #limits: SnapshotLimits;
  readonly #entries = new Map<string, SnapshotEntry>();
  #bytes = 0;

  constructor(
    root: string,
    options: { readonly signal: AbortSignal; readonly limits: SnapshotLimits },
  ) {
    this.#root = root;
    this.#signal = options.signal;
    this.#limits = options.limits;
  }

  sorted(): readonly SnapshotEntry[] {
    return [...this.#entries.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  async addFolder(
    top: string,
    options: { readonly skip: ReadonlySet<string>; readonly exclude: string },
  ): Promise<void> {
    const folders = [top];
    for (const folder of folders) {
      this.#signal.throwIfAborted();
      const found = await readFolder(folder);
      const wanted = found.filter((entry) => !options.skip.has(entry.name));
      await inTurns(wanted, async (entry) => {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) {
          if (path !== options.exclude) folders.push(path);
        } else if (entry.isSymbolicLink()) await this.#addInnerLink(path, { top });
        else if (entry.isFile()) await this.addFile(path);
        // Sockets, pipes and devices are no content.
      });
    }
  }

  async addFile(path: string): Promise<void> {
    // A package may lie inside the app's folder, or inside another one.
    if (this.#entries.has(this.#inside(path))) return;
    const stats = await lstat(path).catch((error: unknown) => {
      throw outside(error, `could not look at ${path}`);
    });
    const executable = (stats.mode & 0o111) !== 0;
    this.#add({ kind: "file", path: this.#inside(path), executable, bytes: stats.size });
    this.#bytes += stats.size;
    const { bytes } = this.#limits;
    if (this.#bytes > bytes) throw this.#tooLarge(formatBytes(bytes));
  }

  addLink(link: { readonly path: string; readonly target: string }): void {
    const target = relative(dirname(link.path), link.target);
    this.#add({ kind: "link", path: this.#inside(link.path), target });
  }

  async #addInnerLink(path: string, options: { readonly top: string }): Promise<void> {
    const text = await readlink(path);
    const lexical = resolve(dirname(path), text);
    // Where it really leads; a dangling link leads where it says.
    const target = await realpath(path).catch(() => lexical);
    if (isInside(options.top, { path: target })) return this.addLink({ path, target });
    throw new TargetError("failed", `${path} leads out of the app: ${text}`, {
      fix: "put what it leads to into the folder, or remove the link",
    });
  }

  #add(entry: SnapshotEntry): void {
    this.#entries.set(entry.path, entry);
    const { files } = this.#limits;
    if (this.#entries.size > files) throw this.#tooLarge(`${files} files`);
  }

  #inside(path: string): string {
    return relative(this.#root, path);
  }

  #tooLarge(limit: string): TargetError {
    return new TargetError("failed", `${this.#root} holds more than ${limit} for one release`, {
      fix: "let `build` name a folder that holds only what runs",
    });
  }
}

async function readFolder(path: string) {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    throw outside(error, `could not read ${path}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

/** Also true for the folder itself. Both are real paths. */
function isInside(folder: string, options: { readonly path: string }): boolean {
  const way = relative(folder, options.path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** The deepest folder that holds all of them. */
function commonFolder(folders: readonly string[]): string {
  const [first = sep, ...others] = folders;
  let common = first;
  for (const path of others) while (!isInside(common, { path })) common = dirname(common);
  return common;
}
