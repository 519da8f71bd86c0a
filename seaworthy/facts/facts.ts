import { applicationFacts, readApplications } from "./applications/applications.ts";
import { containerFacts, readContainers } from "./containers/containers.ts";
import { deliveryFacts, readDelivery } from "./delivery/delivery.ts";
import type { Document, DocumentKind, DocumentOf, Documents } from "./document.ts";
import type { Fact, FactKind, FactOf } from "./fact.ts";
import { kubernetesFacts, readKubernetes } from "./kubernetes/kubernetes.ts";
import { nestedFiles } from "./kubernetes/nested.ts";
import { monitoringFacts, readMonitoring } from "./monitoring/monitoring.ts";
import { proxyFacts, readProxies } from "./proxies/proxies.ts";
import { readScripts, scriptFacts } from "./scripts/scripts.ts";
import type { SourceFile, Tree } from "./source.ts";

/** In this order: the narrow signatures first, so that a wide one never takes their files. */
const READERS: readonly ((file: SourceFile) => Document | undefined)[] = [
  readMonitoring,
  readDelivery,
  readContainers,
  readKubernetes,
  readProxies,
  readApplications,
  readScripts,
];

const FACTS: readonly ((documents: Documents) => readonly Fact[])[] = [
  containerFacts,
  kubernetesFacts,
  proxyFacts,
  monitoringFacts,
  scriptFacts,
  applicationFacts,
  deliveryFacts,
];

/** What a file is; undefined when no reader knows it, which is no fault. */
export function readDocument(file: SourceFile): Document | undefined {
  for (const read of READERS) {
    const document = read(file);
    if (document !== undefined) return document;
  }
  return undefined;
}

/**
 * The files inside a manifest's ConfigMaps, read like any other. Monitoring has its own way to them,
 * and a manifest inside a ConfigMap is data, not an object.
 */
export function readNested(document: Document): readonly Document[] {
  return nestedFiles(document).flatMap((file) => {
    if (readMonitoring(file) !== undefined || readKubernetes(file) !== undefined) return [];
    return readDocument(file) ?? [];
  });
}

export function documentsOf(all: readonly Document[], tree: Tree): Documents {
  return { all, tree, of: (kind) => all.filter((document) => isOf(document, kind)) };
}

/** All facts of documents that are read together, and a look-up by kind. */
export interface Facts {
  readonly all: readonly Fact[];
  readonly of: <K extends FactKind>(kind: K) => readonly FactOf<K>[];
}

export function factsOf(documents: Documents): Facts {
  const all = FACTS.flatMap((facts) => facts(documents));
  return { all, of: (kind) => all.filter((fact) => isFact(fact, kind)) };
}

function isOf<K extends DocumentKind>(document: Document, kind: K): document is DocumentOf<K> {
  return document.kind === kind;
}

function isFact<K extends FactKind>(fact: Fact, kind: K): fact is FactOf<K> {
  return fact.kind === kind;
}
