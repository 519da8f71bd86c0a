import { execFileSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";

/** Folders that hold sources of ours; anything else at the root is a defect of the list. */
export const SOURCE_FOLDERS = [
  "std",
  "gateway",
  "seaworthy",
  "service-kit",
  "systems",
  "test",
  "bench",
  "scripts",
  "bin",
] as const;

const NEVER = new Set(["node_modules", "dist"]);
/** Planted violations are no sources: the guards must go red over them elsewhere, not here. */
const PLANTED = "test/planted/fixtures/";

/**
 * Every file that git would commit: tracked, or new and not ignored; planted violations left out.
 */
export function everyFile(root: string): readonly string[] {
  const answer = execFileSync(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    {
      cwd: root,
      encoding: "utf8",
      maxBuffer: GIT_OUTPUT_MAX_BYTES,
    },
  );
  return [...new Set(answer.split("\0"))]
    .filter((path) => path !== "" && !path.startsWith(PLANTED))
    .filter((path) => existsSync(join(root, path)))
    .toSorted();
}

/** A hundred thousand paths; more than that is no repository of ours. */
const GIT_OUTPUT_MAX_BYTES = 10_000_000;

/** Paths of all TypeScript sources below `root`, sorted, relative; planted violations left out. */
export function sourceFiles(root: string): readonly string[] {
  const patterns = SOURCE_FOLDERS.map((folder) => `${folder}/**/*.ts`);
  const exclude = (path: string): boolean => NEVER.has(path.split("/").at(-1) ?? "");
  return globSync(patterns, { cwd: root, exclude })
    .filter((path) => !path.startsWith(PLANTED))
    .toSorted();
}
