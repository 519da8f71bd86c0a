import type { Document, DocumentBase, Documents } from "../document.ts";
import type { Fact } from "../fact.ts";
import type { SourceFile } from "../source.ts";

/** HAProxy, nginx and logrotate. */
export type ProxyDocument = HaproxyDocument | NginxDocument | LogrotateDocument;

export interface HaproxyDocument extends DocumentBase {
  readonly kind: "haproxy";
}

export interface NginxDocument extends DocumentBase {
  readonly kind: "nginx";
}

export interface LogrotateDocument extends DocumentBase {
  readonly kind: "logrotate";
}

/** The file as one of this family; undefined when it is none. By content, names only break ties. */
export function readProxies(_file: SourceFile): Document | undefined {
  return undefined;
}

/** What the documents of one unit say together. */
export function proxyFacts(_documents: Documents): readonly Fact[] {
  return [];
}
