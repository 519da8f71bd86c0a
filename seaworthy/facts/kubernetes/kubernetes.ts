import type { Document, DocumentBase, Documents } from "../document.ts";
import type { Fact } from "../fact.ts";
import type { Node } from "../node.ts";
import type { Location, SourceFile } from "../source.ts";
import { componentFacts } from "./components.ts";
import { configurationFacts } from "./configuration.ts";
import { readHelm } from "./helm.ts";
import { ingressFacts } from "./ingress.ts";
import { readKustomization } from "./kustomization.ts";
import { readManifest } from "./manifest.ts";
import { scheduleFacts } from "./schedule.ts";
import { hostNameFacts } from "./services.ts";

/** Manifests, kustomizations and, as far as they can be read, Helm templates. */
export type KubernetesDocument =
  | ManifestDocument
  | KustomizationDocument
  | HelmChartDocument
  | HelmTemplateDocument;

/** A file of Kubernetes objects: one, several documents, or a `List`. */
export interface ManifestDocument extends DocumentBase {
  readonly kind: "manifest";
  readonly objects: readonly KubeObject[];
}

/** One object as it stands in a file. Namespaces of kustomizations are put in by `objectsOf`. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  /** Line of the object's first key, in its own file. */
  readonly line: number;
  readonly root: Node;
  readonly file: SourceFile;
  /** Read from a chart's template: what is not there may come from a line that was not read. */
  readonly template: boolean;
}

export interface KustomizationDocument extends DocumentBase {
  readonly kind: "kustomization";
  readonly root: Node;
  readonly namespace: string | undefined;
  /** Paths in the tree (files or folders) that it takes in; remote ones are `remote`. */
  readonly includes: readonly { readonly path: string; readonly at: Location }[];
  readonly remote: readonly { readonly url: string; readonly at: Location }[];
  /** Files that hold changes to objects, not objects. */
  readonly patches: readonly string[];
  readonly generated: readonly GeneratedMap[];
}

/** A ConfigMap or Secret that kustomize makes. */
export interface GeneratedMap {
  readonly kind: "ConfigMap" | "Secret";
  readonly name: string;
  readonly at: Location;
  readonly keys: readonly string[];
  /** Keys that cannot be told: they come from a file of variables. */
  readonly open: boolean;
}

export interface HelmChartDocument extends DocumentBase {
  readonly kind: "helm-chart";
  readonly name: string;
  readonly dependencies: readonly { readonly name: string; readonly at: Location }[];
}

/** A template of a chart. Its objects need `values.yaml`: `objectsOf` reads them. */
export interface HelmTemplateDocument extends DocumentBase {
  readonly kind: "helm-template";
}

/** The file as one of this family; undefined when it is none. By content, names only break ties. */
export function readKubernetes(file: SourceFile): Document | undefined {
  return readKustomization(file) ?? readHelm(file) ?? readManifest(file);
}

/** What the documents of one unit say together. */
export function kubernetesFacts(documents: Documents): readonly Fact[] {
  return [
    ...componentFacts(documents),
    ...hostNameFacts(documents),
    ...ingressFacts(documents),
    ...configurationFacts(documents),
    ...scheduleFacts(documents),
  ];
}
