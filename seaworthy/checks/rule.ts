import type { Graph } from "../plan/graph.ts";
import type { Finding } from "../system/finding.ts";
import type { Parsed } from "../system/system.ts";

/** One thing that hurts in production. Its page is `docs/checks/<name>.md`, with both examples. */
export interface Rule {
  readonly name: string;
  /** Pure; empty when there is nothing to say. */
  readonly check: (declared: Declared) => readonly Finding[];
}

export interface Declared {
  readonly parsed: Parsed;
  readonly graph: Graph;
  /** Which of `buildPaths` are there; undefined: nobody looked. */
  readonly beside: ReadonlySet<string> | undefined;
}
