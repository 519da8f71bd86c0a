import { createHash } from "node:crypto";
import { open, readdir, readFile, rename, rm, lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { deadline, type Clock } from "@seaworthy/std/clock";
import { freshId } from "@seaworthy/std/random";
import { poll } from "@seaworthy/std/retry";
import type { ReleaseId } from "../../record/release.ts";
import { TargetError } from "../target.ts";
import { takeLock } from "./lock.ts";
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

/** How a name says that something has it already: rename(2). */
const TAKEN = ["ENOTEMPTY", "EEXIST", "ENOTDIR"];
/** Putting a damaged release aside is a rename and a removal; another one may be at it. */
const TURN_MS = 60_000;
const TURN_LOOK_MS = 20;

export interface Publishing {
  readonly as: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Gives a finished folder its name. Another one that did the same first is as good. */
export async function publish(temporary: string, options: Publishing): Promise<void> {
  const final = options.as;
  if (!(await isRenamed(temporary, final)) && !(await isWhole(final))) {
    await replaceDamaged(temporary, options);
  }
  await using folder = await open(dirname(final), "r");
  await folder.sync();
}

/**
 * Only who holds the lock puts aside what has the name, after a look of its own: what several saw
 * damaged, one of them may have made whole since, and a process may be reading it.
 */
async function replaceDamaged(temporary: string, options: Publishing): Promise<void> {
  const { as: final, clock, signal } = options;
  const name = `release-${createHash("sha256").update(final).digest("hex").slice(0, 24)}`;
  const limit = deadline(TURN_MS, `another one that makes ${final} again`, signal);
  const turn = { clock, everyMs: TURN_LOOK_MS, signal: limit };
  await using _lock = await poll(() => takeLock(name), turn);
  if (await isWhole(final)) return;
  await setAside(final);
  if ((await isRenamed(temporary, final)) || (await isWhole(final))) return;
  throw new TargetError("failed", `${final} does not stay as made`);
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
      // Another one may put it aside meanwhile: what is not there does not count.
      const stats = await lstat(path).catch(ifGone);
      if (stats === undefined) return;
      // After the await: `+= await` would add to what it was before others added.
      found.files += 1;
      found.bytes += stats.size;
    });
  }
  return found;
}

function ifGone(error: unknown): undefined {
  if (isCode(error, "ENOENT")) return undefined;
  throw error;
}

function ifDamaged(error: unknown): undefined {
  if (error instanceof TargetError && error.code === "damaged") return undefined;
  throw error;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
