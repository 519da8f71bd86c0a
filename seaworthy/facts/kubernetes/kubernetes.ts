import type { Document, DocumentBase, Documents } from "../document.ts";
import type { Fact } from "../fact.ts";
import type { SourceFile } from "../source.ts";

/** Manifests, kustomizations and, as far as they can be read, Helm templates. */
export type KubernetesDocument = ManifestDocument | KustomizationDocument | HelmChartDocument;

export interface ManifestDocument extends DocumentBase {
  readonly kind: "manifest";
}

export interface KustomizationDocument extends DocumentBase {
  readonly kind: "kustomization";
}

export interface HelmChartDocument extends DocumentBase {
  readonly kind: "helm-chart";
}

/** The file as one of this family; undefined when it is none. By content, names only break ties. */
export function readKubernetes(_file: SourceFile): Document | undefined {
  return undefined;
}

/** What the documents of one unit say together. */
export function kubernetesFacts(_documents: Documents): readonly Fact[] {
  return [];
}
