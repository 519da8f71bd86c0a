import type { SourceFile, Tree } from "../../facts/source.ts";

/** A tree of these files, closed: nothing else is there, nothing is ignored by git. */
export function treeOf(files: Readonly<Record<string, string>>): Tree {
  const sources = Object.entries(files).map(([path, text]): SourceFile => ({ path, text }));
  const folders = new Set(sources.flatMap(({ path }) => foldersOf(path)));
  return {
    files: sources,
    has: (path) => path in files || folders.has(path),
    isIgnored: () => false,
    unread: [],
    guide: undefined,
  };
}

function foldersOf(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}
