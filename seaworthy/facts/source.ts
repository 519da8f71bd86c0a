/** A text file of the tree that is checked. Readers get nothing else: no disk, no network. */
export interface SourceFile {
  /** Relative to the folder that was named, with `/`. A guide's code block has its given name. */
  readonly path: string;
  readonly text: string;
  /** What a guide calls this code block, as written; two blocks may bear one name. */
  readonly named?: string;
  /** Where a line (1-based) really stands, when this file is a code block laid out from a guide. */
  readonly origin?: (line: number) => { readonly file: string; readonly line: number };
}

/** All that can be known of a folder without leaving it. */
export interface Tree {
  readonly files: readonly SourceFile[];
  /** A file or folder of this path is there, read or not (a binary, a file that is too large). */
  readonly has: (path: string) => boolean;
  /** Git would not commit this path, so that its absence proves nothing. */
  readonly isIgnored: (path: string) => boolean;
  /** What could not be read, and why: each is one finding. */
  readonly unread: readonly { readonly path: string; readonly because: string }[];
  /** Laid out from one Markdown guide: nothing outside it can be expected to be there. */
  readonly guide: string | undefined;
}

/** A line of a file, 1-based. `as` is the name of the code block where `file` is a guide. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly as?: string;
}

/** Something that was read, and where it stands. */
export interface Located<T> {
  readonly value: T;
  readonly at: Location;
}

export function at(file: SourceFile, line: number): Location {
  if (file.origin === undefined) return { file: file.path, line };
  return { ...file.origin(line), as: file.path };
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** All but the last part of a path; `""` for a file at the top. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** `path` seen from `folder`, without `.` and `..`; undefined when it leaves the tree. */
export function joinPath(folder: string, path: string): string | undefined {
  if (path.startsWith("/")) return undefined;
  const parts: string[] = folder === "" ? [] : folder.split("/");
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}
