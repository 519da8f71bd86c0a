import { readFile } from "node:fs/promises";

/** Beside the code in the published package, at the top of a checkout. */
const FOLDERS = [new URL("../docs/", import.meta.url), new URL("../../docs/", import.meta.url)];

/** A page of the documentation (`checks/single-replica.md`); undefined where there is none. */
export async function readPage(path: string): Promise<string | undefined> {
  for (const folder of FOLDERS) {
    try {
      return await readFile(new URL(path, folder), "utf8");
    } catch {
      // It stands in the other place, or nowhere.
    }
  }
  return undefined;
}
