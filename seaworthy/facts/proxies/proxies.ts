import type { Document, DocumentBase, Documents } from "../document.ts";
import type { Fact } from "../fact.ts";
import type { SourceFile } from "../source.ts";
import { haproxyFacts } from "./haproxy-facts.ts";
import { readHaproxy } from "./haproxy.ts";
import { readLogrotate } from "./logrotate.ts";
import { nginxFacts } from "./nginx-facts.ts";
import { readNginx } from "./nginx.ts";

/** HAProxy, nginx and logrotate. */
export type ProxyDocument = HaproxyDocument | NginxDocument | LogrotateDocument;

/** An HAProxy configuration: sections, and lines as words. */
export interface HaproxyDocument extends DocumentBase {
  readonly kind: "haproxy";
  readonly sections: readonly HaproxySection[];
}

export interface HaproxySection {
  /** `global`, `defaults`, `frontend`, `backend`, `listen`, `peers`… */
  readonly type: string;
  readonly name: string;
  /** Line in the document's file. */
  readonly line: number;
  readonly lines: readonly HaproxyLine[];
}

export interface HaproxyLine {
  readonly line: number;
  readonly words: readonly string[];
}

/** An nginx configuration or a file that one includes: a tree of directives. */
export interface NginxDocument extends DocumentBase {
  readonly kind: "nginx";
  readonly directives: readonly NginxDirective[];
}

export interface NginxDirective {
  readonly name: string;
  readonly words: readonly string[];
  /** Line in the document's file. */
  readonly line: number;
  /** Undefined: the directive has no block. */
  readonly block: readonly NginxDirective[] | undefined;
}

/** A logrotate configuration: stanzas of paths, and what stands outside them. */
export interface LogrotateDocument extends DocumentBase {
  readonly kind: "logrotate";
  readonly stanzas: readonly LogrotateStanza[];
}

export interface LogrotateStanza {
  readonly line: number;
  readonly paths: readonly string[];
  readonly directives: readonly HaproxyLine[];
  /** Lines of `postrotate`, `prerotate`, `firstaction`, `lastaction`. */
  readonly scripts: readonly { readonly line: number; readonly text: string }[];
}

/** The file as one of this family; undefined when it is none. By content, names only break ties. */
export function readProxies(file: SourceFile): Document | undefined {
  // Prose may quote any configuration.
  if (file.path.endsWith(".md")) return undefined;
  return readHaproxy(file) ?? readLogrotate(file) ?? readNginx(file);
}

/** What the documents of one unit say together. */
export function proxyFacts(documents: Documents): readonly Fact[] {
  return [...documents.of("haproxy").flatMap(haproxyFacts), ...nginxFacts(documents.of("nginx"))];
}
