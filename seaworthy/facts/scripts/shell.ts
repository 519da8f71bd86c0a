import type { Statement } from "./shell-syntax.ts";
import { Flattening } from "./shell-flatten.ts";
import { parseShell } from "./shell-parser.ts";

/** A shell script as the list of its commands, each knowing where it stands. */
export interface Shell {
  /** In the order of the text; in functions, `$(…)` and `sh -c` texts among them. */
  readonly commands: readonly ShellCommand[];
  readonly functions: readonly ShellFunction[];
}

export interface ShellFunction {
  readonly name: string;
  readonly line: number;
  /** It ends the script (`die`, `error_exit`), so that `cmd || die` stops. */
  readonly exits: boolean;
}

export interface ShellCommand {
  readonly line: number;
  /** Without quotes, variables as written; assignments in front are in `assignments`. */
  readonly words: readonly string[];
  readonly wordLines: readonly number[];
  /** Known constants put in; an unquoted variable may have become several words. */
  readonly expanded: readonly string[];
  /** In the order of the text; those in functions, `$(…)` and `sh -c` texts are among them. */
  readonly each: readonly (readonly string[])[];
  readonly assignments: readonly Assignment[];
  readonly redirects: readonly Redirect[];
  /** The function it stands in. */
  readonly within: string | undefined;
  /** Under which conditions it runs, outermost first. */
  readonly guards: readonly Guard[];
  readonly pipe: Pipe;
  /**
   * What its failure does. stops: the script or function ends there; branches: something else runs,
   * or does not; returned: it is the status of its function or script; ignored: nothing.
   */
  readonly onFailure: "stops" | "branches" | "returned" | "ignored";
  /** `set -e` and `set -o pipefail`, as they are here. */
  readonly errexit: boolean;
  readonly pipefail: boolean;
  readonly background: boolean;
  /** It stands in `$(…)` or backquotes. */
  readonly substituted: boolean;
  /** The command whose argument's text this is part of: `sh -c '…'`, `ssh host '…'`. */
  readonly carrier: ShellCommand | undefined;
  /** It reads `$?` or PIPESTATUS: the command whose status that is. */
  readonly statusOf: ShellCommand | undefined;
}

export interface Assignment {
  readonly name: string;
  readonly line: number;
  /** As written; and with known constants put in. */
  readonly value: string;
  readonly expanded: string;
}

export interface Redirect {
  readonly operator: string;
  readonly descriptor: string;
  readonly line: number;
  readonly target: string;
  readonly expanded: string;
  /** The body of a here-document and the line it begins on. */
  readonly body?: { readonly text: string; readonly line: number };
}

export interface Guard {
  /** It runs when these commands succeed, or when they fail; or again and again; or for a case. */
  readonly when: "success" | "failure" | "loop" | "case";
  readonly of: readonly ShellCommand[];
  readonly line: number;
  /** The patterns of a `case` arm, as written. */
  readonly pattern?: string;
}

/** Its place in a pipeline; commands of one pipeline share the number. */
export interface Pipe {
  readonly id: number;
  readonly position: number;
  readonly length: number;
}

interface ShellOptions {
  /** Line of the file on which the text begins; 1 when absent. */
  readonly firstLine?: number;
  /** The shell was started with `-e` or `-o pipefail` (a pipeline's runner does). */
  readonly errexit?: boolean;
  readonly pipefail?: boolean;
}

/**
 * Reads shell text, wherever it stands: a script, a pipeline's step, a Dockerfile's RUN, the
 * argument of `sh -c`. Linear in the text; never throws.
 */
export function readShell(text: string, options: ShellOptions = {}): Shell {
  const statements: readonly Statement[] = parseShell(text, options.firstLine ?? 1);
  return new Flattening(statements, {
    errexit: options.errexit === true || /^#![^\n]{0,100}\s-\w{0,8}e/.test(text.slice(0, 120)),
    pipefail: options.pipefail === true,
  }).shell();
}
