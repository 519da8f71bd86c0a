import type { CommonOptions, Context } from "./context.ts";

/** A verb's code is loaded only when it runs: `--help` must answer within 100 ms. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly arguments: readonly { readonly name: string; readonly help: string }[];
  readonly options: readonly VerbOption[];
  /** What follows the first argument is another program's: its options are not ours. */
  readonly passThrough?: true;
  readonly load: () => Promise<{ readonly run: RunVerb }>;
}

export interface VerbOption {
  readonly flags: string;
  readonly help: string;
  /** Not in `--help`: for tests of the tool itself. */
  readonly hidden?: boolean;
}

export interface Invocation {
  readonly context: Context;
  readonly positionals: readonly string[];
  /** A word that names no system is a slip of the hand, not the verb's own argument. */
  readonly takesSystemOnly: boolean;
  readonly options: CommonOptions & Readonly<Record<string, unknown>>;
}

/** Resolves to the exit code; throws `Refusal` where it cannot go on. */
export type RunVerb = (invocation: Invocation) => Promise<number>;
