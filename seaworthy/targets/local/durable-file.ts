import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { outside } from "./outside.ts";

/**
 * Replaces a file so that a reader sees the old content or the new one, never a torn one, and the
 * new one is on disk when this resolves: temporary file, fsync, rename, fsync of the folder.
 */
export async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  try {
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw outside(error, `could not write ${path}`);
  }
}

/** Undefined when there is no such file. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw outside(error, `could not read ${path}`);
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
