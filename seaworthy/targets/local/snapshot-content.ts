import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { chmod, copyFile, mkdir, open, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { outside } from "./outside.ts";
import type { Snapshot, SnapshotFile } from "./snapshot.ts";
import { inTurns } from "./snapshot-turns.ts";

/** Read at once up to this; larger files in pieces, so that memory stays bounded. */
const WHOLE_FILE_BYTES = 1_048_576;
const READ_ONLY = 0o444;
const READ_ONLY_PROGRAM = 0o555;

/**
 * SHA-256 over each entry's path, whether it may be executed, and the SHA-256 of its content.
 * What differs between two checkouts of one content (owner, times, umask) is no part of it.
 */
export async function hashSnapshot(snapshot: Snapshot, signal: AbortSignal): Promise<string> {
  return await hashOf(snapshot, async (file) => {
    signal.throwIfAborted();
    return await sha256OfFile(join(snapshot.root, file.path));
  });
}

/**
 * Copies a snapshot into a folder that exists and is empty, read-only, and gives the hash of what
 * was *written*, so that a source that changes meanwhile is seen.
 */
export async function copySnapshot(
  snapshot: Snapshot,
  options: { readonly into: string; readonly signal: AbortSignal },
): Promise<string> {
  const { into, signal } = options;
  await makeFolders(snapshot, into);
  return await hashOf(snapshot, async (file) => {
    signal.throwIfAborted();
    const copy = join(into, file.path);
    await copyOne({ from: join(snapshot.root, file.path), to: copy });
    await chmod(copy, file.executable ? READ_ONLY_PROGRAM : READ_ONLY);
    return await sha256OfFile(copy);
  });
}

/** Of a file's content; `bytesMax` reads only its beginning. */
export async function sha256OfFile(path: string, bytesMax?: number): Promise<string> {
  try {
    await using file = await open(path, "r");
    const hash = createHash("sha256");
    const { size } = await file.stat();
    if (size <= WHOLE_FILE_BYTES) return hash.update(await file.readFile()).digest("hex");
    const chunk = Buffer.alloc(WHOLE_FILE_BYTES);
    for (let at = 0; at < (bytesMax ?? size); ) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) break;
      hash.update(chunk.subarray(0, bytesRead));
      at += bytesRead;
    }
    return hash.digest("hex");
  } catch (error) {
    throw outside(error, `could not read ${path}`);
  }
}

async function makeFolders(snapshot: Snapshot, into: string): Promise<void> {
  try {
    const folders = new Set(snapshot.entries.map((entry) => dirname(join(into, entry.path))));
    for (const folder of [join(into, snapshot.app), ...folders]) {
      await mkdir(folder, { recursive: true });
    }
    for (const entry of snapshot.entries) {
      if (entry.kind === "link") await symlink(entry.target, join(into, entry.path));
    }
  } catch (error) {
    throw outside(error, `could not copy to ${into}`);
  }
}

async function copyOne(way: { readonly from: string; readonly to: string }): Promise<void> {
  try {
    // A clone shares blocks and not the file: a later edit of the source stays there.
    await copyFile(way.from, way.to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  } catch (error) {
    throw outside(error, `could not copy ${way.from}`);
  }
}

async function hashOf(
  snapshot: Snapshot,
  contentOf: (file: SnapshotFile) => Promise<string>,
): Promise<string> {
  const lines: string[] = Array.from({ length: snapshot.entries.length }, () => "");
  await inTurns(snapshot.entries, async (entry, index) => {
    const what =
      entry.kind === "link"
        ? ["link", entry.target]
        : [entry.executable ? "program" : "file", await contentOf(entry)];
    lines[index] = JSON.stringify([entry.path, ...what]);
  });
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}
