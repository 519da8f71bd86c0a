import type { Parsed } from "../system/system.ts";
import type { Located, Location } from "./source.ts";

/**
 * Where the facts of a declaration stand. A declaration may be a program, so that its values have
 * paths and no lines: they are numbered as if each path had a line of its own in one file, and
 * `pathOf` leads back. Whoever prints them finds the line in the file that was written.
 */
export interface Places {
  readonly at: (path: string) => Location;
  readonly pathOf: (location: Location) => string | undefined;
  /**
   * A value that somebody wrote: `canonical` is its path in the canonical form, `path` the one
   * people write. Undefined where it is a default of the language.
   */
  readonly written: <T>(value: T | undefined, paths: WrittenAt) => Located<T> | undefined;
}

export interface WrittenAt {
  readonly path: string;
  readonly canonical: string;
}

/** The file is called as the environment is, for rules that ask whether it is production's. */
export function placesIn({ system, sources }: Parsed): Places {
  const file = system.environment ?? "declaration";
  const lines = new Map<string, number>();
  const paths: string[] = [];
  const at = (path: string): Location => {
    const line = lines.get(path) ?? paths.push(path);
    lines.set(path, line);
    return { file, line };
  };
  return {
    at,
    pathOf: (location) => (location.file === file ? paths[location.line - 1] : undefined),
    written: (value, { path, canonical }) => {
      const source = sources[canonical];
      const isWritten = source === "declared" || source === "environment";
      return value === undefined || !isWritten ? undefined : { value, at: at(path) };
    },
  };
}
