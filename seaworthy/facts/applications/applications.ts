import type { Document, DocumentBase, Documents } from "../document.ts";
import type { Fact } from "../fact.ts";
import type { SourceFile } from "../source.ts";

/** SQL, configuration of applications, their build files and their source. */
export type ApplicationDocument =
  | SqlDocument
  | SpringConfigurationDocument
  | ApplicationManifestDocument
  | ApplicationSourceDocument;

export interface SqlDocument extends DocumentBase {
  readonly kind: "sql";
}

export interface SpringConfigurationDocument extends DocumentBase {
  readonly kind: "spring-configuration";
}

export interface ApplicationManifestDocument extends DocumentBase {
  readonly kind: "application-manifest";
}

export interface ApplicationSourceDocument extends DocumentBase {
  readonly kind: "application-source";
}

/** The file as one of this family; undefined when it is none. By content, names only break ties. */
export function readApplications(_file: SourceFile): Document | undefined {
  return undefined;
}

/** What the documents of one unit say together. */
export function applicationFacts(_documents: Documents): readonly Fact[] {
  return [];
}
