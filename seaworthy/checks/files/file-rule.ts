import type { Location } from "../../facts/source.ts";
import type { Unit } from "../../facts/unit.ts";

/**
 * One thing in existing files that hurts in production. Its page is `docs/checks/files/<name>.md`,
 * with the smallest example that is caught and the nearest healthy one.
 */
export interface FileRule {
  readonly name: string;
  /** One line: what is wrong where this rule speaks. */
  readonly summary: string;
  /** Pure; empty when there is nothing to say. Never throws, whatever the files hold. */
  readonly check: (unit: Unit) => readonly Found[];
}

/** What a rule found. The printer adds the excerpts, and never a secret's value. */
export interface Found {
  /**
   * error: it will not start, loses data, blinds all or opens a door, and both ends were seen.
   * warning: it hurts under load, at a failure or at a deploy. note: everything else.
   */
  readonly severity: "error" | "warning" | "note";
  /** What is wrong, with the names that stand there; no secret values. */
  readonly message: string;
  /** Both ends: the line to mend first, then what contradicts it. At least one. */
  readonly places: readonly [Location, ...Location[]];
  /** What it does to whoever is on call, and when. */
  readonly why: string;
  readonly fix: string;
  /**
   * Findings with one cause are printed as one, under the worst of them: a name for what is missing
   * or wrong, the same in every rule that meets it (`missing-host alertmanager`).
   */
  readonly cause?: string;
  /** Changes that mend it, where a program may make them without asking. */
  readonly edits?: readonly Edit[];
}

/**
 * Replaces whole lines `from` to `to` (1-based, inclusive) of a file; where `to` is `from - 1` it
 * inserts before `from`.
 */
export interface Edit {
  readonly file: string;
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
}
