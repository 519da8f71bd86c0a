import { readFileSync } from "node:fs";
import { join } from "node:path";
import { everyFile } from "../../scripts/tree.ts";
import type { SourceText } from "./rules.ts";

const BINARY = /\.(png|jpg|gif|ico|woff2?|gz|tgz|wasm)$/;

/** Every text file that is, or is about to be, committed. */
export function committedFiles(root: string): readonly SourceText[] {
  return everyFile(root)
    .filter((path) => !BINARY.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}
