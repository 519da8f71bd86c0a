import type { Graph } from "../plan/graph.ts";
import type { Finding } from "../system/finding.ts";
import type { Parsed } from "../system/system.ts";

/** One thing that hurts in production. Its page is `docs/checks/<name>.md`, with both examples. */
export interface Rule {
  readonly name: string;
  /** Pure; empty when there is nothing to say. */
  readonly check: (declared: Declared) => readonly Finding[];
}

export interface Declared extends Looked {
  readonly parsed: Parsed;
  readonly graph: Graph;
}

/** What was seen beside the declaration, by who may look. */
export interface Looked {
  /** Which of `buildPaths` are there; undefined: nobody looked. */
  readonly beside: ReadonlySet<string> | undefined;
  /** Of the files that `edge.tls` names; undefined: it names none, or nobody looked. */
  readonly certificate: CertificateSight | undefined;
}

/** Times are milliseconds since the Unix epoch. */
export type CertificateSight =
  | { readonly state: "unusable"; readonly because: string }
  | {
      readonly state: "loaded";
      readonly notBeforeMs: number;
      /** When the first of its chain ends. */
      readonly notAfterMs: number;
      readonly nowMs: number;
      /** Hosts that it is good for, as it names them. */
      readonly names: string;
      /** Whether the declared `edge.host` is among them; undefined: no host is declared. */
      readonly isForHost: boolean | undefined;
    };
