import type { Location, SourceFile, Tree } from "./source.ts";
import type { ContainerDocument } from "./containers/containers.ts";
import type { KubernetesDocument } from "./kubernetes/kubernetes.ts";
import type { ProxyDocument } from "./proxies/proxies.ts";
import type { MonitoringDocument } from "./monitoring/monitoring.ts";
import type { ScriptDocument } from "./scripts/scripts.ts";
import type { ApplicationDocument } from "./applications/applications.ts";
import type { DeliveryDocument } from "./delivery/delivery.ts";

/** What one file turned out to be. Each family of formats has its folder, its types and readers. */
export type Document =
  | ContainerDocument
  | KubernetesDocument
  | ProxyDocument
  | MonitoringDocument
  | ScriptDocument
  | ApplicationDocument
  | DeliveryDocument;

export type DocumentKind = Document["kind"];
export type DocumentOf<K extends DocumentKind> = Extract<Document, { readonly kind: K }>;

/** What every document has, whatever its format. */
export interface DocumentBase {
  readonly file: SourceFile;
  /** What its daemon would refuse, or what could not be understood here. */
  readonly problems: readonly Problem[];
}

/** A fault that the file's own daemon would refuse: `native-config-invalid` prints them. */
export interface Problem {
  readonly at: Location;
  readonly message: string;
  readonly fix: string;
  /** What it leads to, where that is not the refusal of a whole daemon. */
  readonly why?: string;
  /** The daemon starts all the same, or it could not be told whether it does. */
  readonly harmless?: boolean;
}

/** The documents that are read together, and the tree around them. */
export interface Documents {
  readonly all: readonly Document[];
  readonly of: <K extends DocumentKind>(kind: K) => readonly DocumentOf<K>[];
  readonly tree: Tree;
}
