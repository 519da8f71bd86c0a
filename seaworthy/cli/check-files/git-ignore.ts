/** Patterns of one `.gitignore` (gitignore(5)), and the folder it stands in. */
export interface IgnoreFile {
  /** Relative to the tree; `""` at the top. */
  readonly folder: string;
  readonly patterns: readonly IgnorePattern[];
}

interface IgnorePattern {
  readonly segments: readonly string[];
  readonly isNegated: boolean;
  readonly foldersOnly: boolean;
}

const PATTERNS_MAX = 2_000;
const PATTERN_CHARACTERS_MAX = 300;

export function readIgnoreFile(folder: string, text: string): IgnoreFile {
  const lines = text.split("\n", PATTERNS_MAX);
  return { folder, patterns: lines.flatMap((line) => patternOf(line) ?? []) };
}

function patternOf(line: string): IgnorePattern | undefined {
  const written = line.replace(/(?<!\\)[ \t\r]+$/, "");
  if (written === "" || written.startsWith("#") || written.length > PATTERN_CHARACTERS_MAX) {
    return undefined;
  }
  const isNegated = written.startsWith("!");
  const bare = isNegated ? written.slice(1) : written;
  const foldersOnly = bare.endsWith("/");
  const path = foldersOnly ? bare.slice(0, -1) : bare;
  const isAnchored = path.includes("/");
  const segments = path.split("/").filter((segment) => segment !== "");
  if (segments.length === 0) return undefined;
  return { segments: isAnchored ? segments : ["**", ...segments], isNegated, foldersOnly };
}

/**
 * Whether git would leave this path out, by the ignore files of the tree alone: a user's own and
 * those above the tree are not read.
 */
export function isIgnoredBy(
  files: readonly IgnoreFile[],
  path: string,
  isFolder: boolean,
): boolean {
  const parts = path.split("/");
  // What is below an ignored folder cannot be taken in again.
  return parts.some((_, index) => {
    const isLast = index === parts.length - 1;
    return decides(files, parts.slice(0, index + 1), isLast ? isFolder : true);
  });
}

function decides(
  files: readonly IgnoreFile[],
  path: readonly string[],
  isFolder: boolean,
): boolean {
  let isIgnored = false;
  for (const { folder, patterns } of files) {
    const above = folder === "" ? [] : folder.split("/");
    if (above.length >= path.length || above.some((part, index) => part !== path[index])) continue;
    const below = path.slice(above.length);
    for (const pattern of patterns) {
      if (pattern.foldersOnly && !isFolder) continue;
      if (pattern.isNegated !== isIgnored) continue;
      if (matchesPath(pattern.segments, below)) isIgnored = !pattern.isNegated;
    }
  }
  return isIgnored;
}

/** Every `**` may stand for any number of folders: a table of prefixes, so that it stays linear. */
function matchesPath(pattern: readonly string[], path: readonly string[]): boolean {
  let reached = new Set([0]);
  for (const [index, segment] of pattern.entries()) {
    const next = new Set<number>();
    const isLast = index === pattern.length - 1;
    for (const at of reached) {
      if (segment === "**") {
        for (let to = at + (isLast ? 1 : 0); to <= path.length; to += 1) next.add(to);
      } else if (at < path.length && matchesName(segment, path[at] ?? "")) {
        next.add(at + 1);
      }
    }
    reached = next;
  }
  return reached.has(path.length);
}

/** `*`, `?` and `[a-z]` in one name; one step back at most, never a regular expression. */
export function matchesName(pattern: string, name: string): boolean {
  let at = 0;
  let from = 0;
  let star: { readonly pattern: number; name: number } | undefined;
  while (from < name.length) {
    const step = pattern[at] === "*" ? undefined : oneOf(pattern, at, name.charAt(from));
    if (pattern[at] === "*") {
      star = { pattern: at + 1, name: from };
      at += 1;
    } else if (step !== undefined) {
      at = step;
      from += 1;
    } else if (star !== undefined) {
      star.name += 1;
      at = star.pattern;
      from = star.name;
    } else {
      return false;
    }
  }
  while (pattern[at] === "*") at += 1;
  return at >= pattern.length;
}

/** Where the pattern goes on when it takes this character; undefined when it does not. */
function oneOf(pattern: string, at: number, character: string): number | undefined {
  const own = pattern[at];
  if (own === undefined) return undefined;
  if (own === "?") return at + 1;
  if (own === "\\") return pattern[at + 1] === character ? at + 2 : undefined;
  const end = own === "[" ? pattern.indexOf("]", at + 2) : -1;
  if (end < 0) return own === character ? at + 1 : undefined;
  const set = pattern.slice(at + 1, end);
  const isNot = set.startsWith("!") || set.startsWith("^");
  return inSet(isNot ? set.slice(1) : set, character) === isNot ? undefined : end + 1;
}

function inSet(set: string, character: string): boolean {
  for (let index = 0; index < set.length; index += 1) {
    const low = set.charAt(index);
    if (set[index + 1] === "-" && index + 2 < set.length) {
      if (character >= low && character <= set.charAt(index + 2)) return true;
      index += 2;
    } else if (character === low) {
      return true;
    }
  }
  return false;
}
