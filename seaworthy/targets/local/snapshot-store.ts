import { open, readdir, readFile, rename, rm, lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { freshId } from "@seaworthy/std/random";
import type { ReleaseId } from "../../record/release.ts";
import { TargetError } from "../target.ts";
import { outside } from "./outside.ts";
import { decodeManifest, MANIFEST_FILE, type ReleaseManifest } from "./snapshot-manifest.ts";
import { inTurns } from "./snapshot-turns.ts";

/** Below a release's folder: the copied files, laid out as in the checkout. */
export const TREE = "tree";
/** What is being made or removed; never a release. */
export const TEMPORARY = ".tmp-";
const RELEASE_FOLDER = /^r[0-9a-f]{12}$/;

/** Undefined when there is no such release; damage is a `TargetError`. */
export async function readManifestOf(folder: string): Promise<ReleaseManifest | undefined> {
  const path = join(folder, MANIFEST_FILE);
  try {
    return decodeManifest(await readFile(path, "utf8"), { path });
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ENOTDIR")) return undefined;
    throw outside(error, `could not read ${path}`);
  }
}

/**
 * Whether a release is there with all its bytes. After a power cut a file that was never synced
 * may be empty; hashing everything for each command would cost more than it is worth.
 */
export async function isWhole(folder: string): Promise<boolean> {
  const manifest = await readManifestOf(folder).catch(ifDamaged);
  if (manifest === undefined) return false;
  const found = await measureTree(join(folder, TREE));
  return found.files === manifest.release.fileCount && found.bytes === manifest.bytes;
}

/** Whoever comes between two tries leaves a whole release; that often in a row is a defect. */
const ATTEMPTS_MAX = 5;
/** How a name says that something has it already: rename(2). */
const TAKEN = ["ENOTEMPTY", "EEXIST", "ENOTDIR"];

/**
 * Gives a finished folder its name. Another one that did the same first is as good. Only what was
 * seen to be in the way is put aside: after a look alone, it might be the other one's release.
 */
export async function publish(temporary: string, options: { readonly as: string }): Promise<void> {
  const final = options.as;
  for (let attempt = 1; !(await isRenamed(temporary, final)); attempt += 1) {
    if (await isWhole(final)) break;
    if (attempt === ATTEMPTS_MAX) throw new TargetError("failed", `${final} does not stay as made`);
    await setAside(final);
  }
  await using folder = await open(dirname(final), "r");
  await folder.sync();
}

/** False: something has the name. */
async function isRenamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (TAKEN.some((code) => isCode(error, code))) return false;
    throw error;
  }
}

/**
 * Removes every release that is not to be kept, and what an interrupted `putRelease` left behind.
 * Needs the lease: nobody else may be putting. Gives the ids that are gone.
 */
export async function gcReleases(
  releasesFolder: string,
  keep: ReadonlySet<ReleaseId>,
): Promise<readonly ReleaseId[]> {
  try {
    const names = await readdir(releasesFolder);
    const gone = names.filter((name) => RELEASE_FOLDER.test(name) && !keep.has(name));
    // Renamed first: what is half removed must not look like a release.
    for (const name of gone) await setAside(join(releasesFolder, name));
    for (const name of names.filter((name) => name.startsWith(TEMPORARY))) {
      await rm(join(releasesFolder, name), { recursive: true, force: true });
    }
    return gone;
  } catch (error) {
    throw outside(error, `could not remove releases from ${releasesFolder}`);
  }
}

async function setAside(path: string): Promise<void> {
  const aside = join(dirname(path), `${TEMPORARY}gone-${freshId(4)}`);
  try {
    await rename(path, aside);
  } catch (error) {
    if (isCode(error, "ENOENT")) return;
    throw error;
  }
  await rm(aside, { recursive: true, force: true });
}

async function measureTree(top: string): Promise<{ files: number; bytes: number }> {
  const found = { files: 0, bytes: 0 };
  const folders = [top];
  for (const folder of folders) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    await inTurns(entries, async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      // Python writes its cache beside the source; it is no part of the release.
      if (!entry.isFile() || folder.endsWith("/__pycache__")) return;
      const { size } = await lstat(path);
      // After the await: `+= await` would add to what it was before others added.
      found.files += 1;
      found.bytes += size;
    });
  }
  return found;
}

function ifDamaged(error: unknown): undefined {
  if (error instanceof TargetError && error.code === "damaged") return undefined;
  throw error;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
