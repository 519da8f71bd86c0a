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
 * The files inside a manifest's ConfigMaps, read like any other. Monitoring has its own way to
 * them, and a manifest inside a ConfigMap is data, not an object.
 */
export function readNested(document: Document): readonly Document[] {
  return nestedFiles(document).flatMap((file) => {
    if (readMonitoring(file) !== undefined || readKubernetes(file) !== undefined) return [];
    return readDocument(file) ?? [];
  });
}

export function documentsOf(all: readonly Document[], tree: Tree): Documents {
  const groups = Map.groupBy(all, ({ kind }) => kind);
  return {
    all,
    tree,
    of: (kind) => {
      const group = groups.get(kind) ?? [];
      return areDocuments(group, kind) ? group : [];
    },
  };
}

/** All facts of documents that are read together, and a look-up by kind. */
export interface Facts {
  readonly all: readonly Fact[];
  readonly of: <K extends FactKind>(kind: K) => readonly FactOf<K>[];
}

export function factsOf(documents: Documents): Facts {
  return factsFrom(FACTS.flatMap((facts) => facts(documents)));
}

/** Facts that somebody else stated: those of a declaration stand in no document. */
export function factsFrom(all: readonly Fact[]): Facts {
  const groups = Map.groupBy(all, ({ kind }) => kind);
  return {
    all,
    of: (kind) => {
      const group = groups.get(kind) ?? [];
      return areFacts(group, kind) ? group : [];
    },
  };
}

/** They were grouped by kind: the first one tells for all. */
function areDocuments<K extends DocumentKind>(
  group: readonly Document[],
  kind: K,
): group is readonly DocumentOf<K>[] {
  return group[0]?.kind === kind;
}

function areFacts<K extends FactKind>(
  group: readonly Fact[],
  kind: K,
): group is readonly FactOf<K>[] {
  return group[0]?.kind === kind;
}
