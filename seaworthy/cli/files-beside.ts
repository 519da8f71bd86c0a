import { stat } from "node:fs/promises";
import { resolve } from "node:path";

/** Which of these paths, relative to a folder, are there. Nothing is opened or read. */
export async function filesBeside(
  folder: string,
  paths: readonly string[],
): Promise<ReadonlySet<string>> {
  const looks = paths.map(async (path) => {
    const isThere = await stat(resolve(folder, path)).then(
      () => true,
      // Not there, or not to be seen: a release could not be made of it either way.
      () => false,
    );
    return isThere ? [path] : [];
  });
  return new Set((await Promise.all(looks)).flat());
}
