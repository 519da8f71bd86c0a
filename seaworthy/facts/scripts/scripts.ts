import type { Document, DocumentBase, Documents } from "../document.ts";
import type { Fact } from "../fact.ts";
import type { SourceFile } from "../source.ts";

/** Shell scripts and crontabs. */
export type ScriptDocument = ShellDocument | CrontabDocument;

export interface ShellDocument extends DocumentBase {
  readonly kind: "shell";
}

export interface CrontabDocument extends DocumentBase {
  readonly kind: "crontab";
}

/** The file as one of this family; undefined when it is none. By content, names only break ties. */
export function readScripts(_file: SourceFile): Document | undefined {
  return undefined;
}

/** What the documents of one unit say together. */
export function scriptFacts(_documents: Documents): readonly Fact[] {
  return [];
}
