import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { TargetError } from "../target.ts";
import { outside } from "./outside.ts";

/** What a package needs at run time, as Node finds it from where the package lies. */
export interface PackageClosure {
  /** Real folders, the first one included; each is copied without its `node_modules`. */
  readonly folders: readonly string[];
  /** Entries of a `node_modules` that lead elsewhere (workspaces, pnpm): path → real folder. */
  readonly links: ReadonlyMap<string, string>;
}

/** A real application has some hundred; more is a walk that went astray. */
const PACKAGES_MAX = 10_000;
/** npm's rule for names (validate-npm-package-name): at most a scope and a name, no dot first. */
const PACKAGE_NAME = /^(?:@[\w-][\w.~-]*\/)?[\w~-][\w.~-]*$/;

const names = z.record(z.string(), z.unknown()).optional();
const manifestSchema = z.object({
  workspaces: z.unknown().optional(),
  dependencies: names,
  optionalDependencies: names,
  peerDependencies: names,
  peerDependenciesMeta: z
    .record(z.string(), z.object({ optional: z.boolean().optional() }))
    .optional(),
});

/**
 * The production closure of the package in `folder` (a real path with a `package.json`):
 * `dependencies`, and of `optionalDependencies` and required `peerDependencies` those that are
 * installed; `devDependencies` never. Fails with `TargetError` when a dependency is not installed.
 */
export async function packageClosure(folder: string, signal: AbortSignal): Promise<PackageClosure> {
  const folders = new Set([folder]);
  const links = new Map<string, string>();
  // A set is walked in the order of insertion, also over what is added meanwhile.
  for (const from of folders) {
    signal.throwIfAborted();
    for (const wanted of await dependenciesOf(from)) {
      const found = await resolvePackage(wanted.name, { from });
      if (found === undefined && wanted.required) throw notInstalled(wanted.name, { from });
      if (found === undefined) continue;
      if (found.real !== found.path) links.set(found.path, found.real);
      folders.add(found.real);
    }
    if (folders.size > PACKAGES_MAX) {
      throw new TargetError("failed", `${folder} needs more than ${PACKAGES_MAX} packages`);
    }
  }
  return { folders: [...folders], links };
}

interface Wanted {
  readonly name: string;
  readonly required: boolean;
}

async function dependenciesOf(folder: string): Promise<readonly Wanted[]> {
  const manifest = await readManifest(join(folder, "package.json"));
  if (manifest === undefined) return [];
  const optional = Object.keys(manifest.optionalDependencies ?? {});
  const peers = Object.keys(manifest.peerDependencies ?? {}).filter(
    (name) => manifest.peerDependenciesMeta?.[name]?.optional !== true,
  );
  // npm: a name in both is optional.
  const required = Object.keys(manifest.dependencies ?? {}).filter(
    (name) => !optional.includes(name),
  );
  const wanted = [
    ...required.map((name) => ({ name, required: true })),
    ...[...optional, ...peers].map((name) => ({ name, required: false })),
  ];
  for (const { name } of wanted) {
    if (PACKAGE_NAME.test(name)) continue;
    const where = join(folder, "package.json");
    throw new TargetError("failed", `${where} names a package ${JSON.stringify(name)}`, {
      fix: "correct the name: no path may stand there",
    });
  }
  return wanted;
}

/** Undefined when there is none. */
export async function readManifest(
  path: string,
): Promise<z.output<typeof manifestSchema> | undefined> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw outside(error, `could not read ${path}`);
  });
  if (text === undefined) return undefined;
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new TargetError("failed", `${path} is no package.json that can be read`, {
      cause: error,
      detail: [error instanceof Error ? error.message : String(error)],
      fix: `correct ${path}`,
    });
  }
}

/** As Node does: `node_modules/NAME` in each folder upwards (modules documentation, "Loading"). */
async function resolvePackage(
  name: string,
  options: { readonly from: string },
): Promise<{ readonly path: string; readonly real: string } | undefined> {
  for (let folder = options.from; ; folder = dirname(folder)) {
    if (basename(folder) !== "node_modules") {
      const path = join(folder, "node_modules", name);
      if (await isFolder(path)) return { path, real: await realpath(path) };
    }
    if (folder === dirname(folder)) return undefined;
  }
}

export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw outside(error, `could not look at ${path}`);
  }
}

function isMissing(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return error.code === "ENOENT" || error.code === "ENOTDIR";
}

function notInstalled(name: string, options: { readonly from: string }): TargetError {
  return new TargetError("failed", `${name} is not installed: ${options.from} depends on it`, {
    detail: [`no node_modules/${name} in that folder or above it`],
    fix: "npm install",
  });
}
