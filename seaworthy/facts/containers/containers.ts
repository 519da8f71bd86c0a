import type { DocumentBase, Documents, Document } from "../document.ts";
import type { Fact } from "../fact.ts";
import type { Node } from "../node.ts";
import type { SourceFile } from "../source.ts";

/** Compose files, Dockerfiles and files of environment variables. */
export type ContainerDocument = ComposeDocument | DockerfileDocument | EnvironmentDocument;

export interface ComposeDocument extends DocumentBase {
  readonly kind: "compose";
  readonly root: Node;
}

export interface DockerfileDocument extends DocumentBase {
  readonly kind: "dockerfile";
}

/** `NAME=value` lines. */
export interface EnvironmentDocument extends DocumentBase {
  readonly kind: "environment";
}

/** The file as one of this family; undefined when it is none. By content, names only break ties. */
export function readContainers(_file: SourceFile): Document | undefined {
  return undefined;
}

/** What the documents of one unit say together: overlays merged, variables put in. */
export function containerFacts(_documents: Documents): readonly Fact[] {
  return [];
}
