import { open, rm, stat, statfs } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { subjectOf, type FaultHandle, type FaultSight } from "../../../record/fault.ts";
import type { FaultSite } from "./fault-site.ts";
import type { Means } from "./means.ts";
import { runProgram } from "./system-program.ts";

/** What `fallocate` could not take is written, first in these pieces, then in single blocks. */
const PIECE_BYTES = 1_048_576;
const BLOCK_BYTES = 4_096;
/** A file system that is still not full by then is too large to be filled by writing. */
const FILL_MS = 15_000;

/** A file of ours takes all that is free; deleting it gives all of it back. */
export const FILL_VOLUME: Means = {
  hasBreaker: false,
  break: async (handle, site) => {
    const folder = await volumeFolder(handle, site);
    if (!folder.ok) return folder;
    const filled = await fill(join(folder.value, ballastOf(handle)), site);
    if (!filled.ok) return filled;
    return ok(`${subjectOf(handle.fault)}: ${await freeBytes(folder.value)} bytes are free`);
  },
  mend: async (handle, site) => {
    const folder = await volumeFolder(handle, site);
    // A volume that is not mounted any more has no ballast in force.
    if (!folder.ok) return ok(folder.error);
    await rm(join(folder.value, ballastOf(handle)), { force: true });
    return ok(`${subjectOf(handle.fault)}: ${await freeBytes(folder.value)} bytes are free`);
  },
  see: seeFull,
};

/** The folder of a volume that can be filled without filling anything else. */
export async function volumeFolder(
  { fault }: Pick<FaultHandle, "fault">,
  { volumes }: Pick<FaultSite, "volumes">,
): Promise<Result<string, string>> {
  if (fault.kind !== "fill-volume") return refuse("it names no volume");
  const folder = join(volumes, normalize(`/${fault.unit}/${fault.volume}`));
  const isThere = await Promise.all([stat(folder), stat(dirname(folder))]).catch(() => undefined);
  if (isThere === undefined) return refuse(`there is no ${subjectOf(fault)}`);
  const [own, above] = isThere;
  if (own.dev !== above.dev) return ok(folder);
  return refuse(
    `${subjectOf(fault)} is a folder: its disk is not its own, and filling it would hurt others`,
  );
}

async function fill(ballast: string, { clock }: FaultSite): Promise<Result<string, string>> {
  const untilMs = clock.now() + FILL_MS;
  const free = await freeBytes(dirname(ballast));
  // It fails where the file system cannot, or where its own books need the last blocks.
  if (free > 0) await runProgram("fallocate", ["--length", String(free), ballast]);
  await using file = await open(ballast, "a", 0o600);
  for (let bytes = PIECE_BYTES; clock.now() < untilMs; ) {
    const full = await file.appendFile(Buffer.alloc(bytes)).then(() => false, isFull);
    if (!full) continue;
    if (bytes === BLOCK_BYTES) {
      await file.sync().catch(() => {});
      return ok("full");
    }
    bytes = BLOCK_BYTES;
  }
  return refuse(`it is too large to be filled within ${FILL_MS / 1_000} s`);
}

async function seeFull(handle: FaultHandle, site: FaultSite): Promise<FaultSight> {
  const folder = await volumeFolder(handle, site);
  if (!folder.ok) return { state: "unclear", seen: folder.error };
  const free = await freeBytes(folder.value);
  const error = await tryToWrite(join(folder.value, `.seaworthy-look-${handle.id}`));
  const how = error === undefined ? "a write succeeds" : `a write fails with ${error}`;
  const seen = `${subjectOf(handle.fault)}: ${free} bytes free, ${how}`;
  if (error === "ENOSPC") return { state: "in-force", seen };
  return { state: error === undefined && free > 0 ? "over" : "unclear", seen };
}

/** The error's code, or undefined when a block could be written. */
async function tryToWrite(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, "w", 0o600);
    await file.writeFile(Buffer.alloc(BLOCK_BYTES, 1));
    await file.sync();
    return undefined;
  } catch (error) {
    return codeOf(error);
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function isFull(error: unknown): boolean {
  if (codeOf(error) === "ENOSPC") return true;
  throw error;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : String(error);
}

/** Hidden, ours by its name, and one for each fault. */
function ballastOf({ id }: FaultHandle): string {
  return `.seaworthy-ballast-${id}`;
}
