import type { SourceFile } from "../source.ts";
import type { ProseDocument } from "./delivery.ts";

/** Markdown is prose, whatever it quotes: what its blocks hold is laid out as files. */
export function readProse(file: SourceFile): ProseDocument | undefined {
  if (!/\.(md|markdown)$/i.test(file.path) || file.text.length > 2_000_000) return undefined;
  return { kind: "prose", file, problems: [] };
}
