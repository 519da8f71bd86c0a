import { resolve } from "node:path";
import { TargetError } from "../target.ts";
import type { Graph } from "../../plan/graph.ts";

/** A graph, and the folder that its relative paths start from. */
export interface Defined {
  readonly graph: Graph | undefined;
  /** Absolute. */
  readonly systemFolder: string | undefined;
}

/** PEM files, absolute. */
export interface EdgeFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Where the certificate and the key of the edge lie; undefined: it serves HTTP in the clear. */
export function edgeFiles({ graph, systemFolder }: Defined): EdgeFiles | undefined {
  const tls = graph?.edge?.tls;
  if (tls === undefined) return undefined;
  if (systemFolder === undefined) {
    throw new TargetError("damaged", "it is not known what edge.tls is relative to", {
      fix: "seaworthy up says it again",
    });
  }
  return {
    certificate: resolve(systemFolder, tls.certificate),
    key: resolve(systemFolder, tls.key),
  };
}
