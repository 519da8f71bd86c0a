import type { Document, Documents } from "../document.ts";
import { templateObjects } from "../kubernetes/helm.ts";
import type { KubeObject, KustomizationDocument } from "../kubernetes/kubernetes.ts";
import { folderOf } from "../source.ts";
import { stageOf } from "./environment.ts";
import { joined, type Seed } from "./seed.ts";

/** Kustomizations that take in each other, deeper than any real chain. */
const INCLUDES_MAX = 20;

/**
 * What is applied to one cluster: each kustomize overlay with its bases, each chart, each folder of
 * plain manifests; those of one environment that do not define the same objects are one.
 */
export function manifestSeeds(documents: Documents): readonly Seed[] {
  const overlays = kustomizeSeeds(documents);
  const charts = chartSeeds(documents);
  const taken = new Set([
    ...[...overlays, ...charts].flatMap((seed) => seed.documents),
    ...everyKustomization(documents).flatMap((kustomization) => kustomization.documents),
  ]);
  const rest = documents.of("manifest").filter((document) => !taken.has(document));
  const folders = Map.groupBy(rest, ({ file }) => folderOf(file.path));
  const plain = [...folders.values()].flatMap((own) => folderSeeds(documents, own));
  // One cluster has one set of objects: whatever does not contradict is in it.
  return joined([...overlays, ...charts, ...plain], () => true);
}

/** A file that defines again what another one of the folder does is a variant of it. */
function folderSeeds(documents: Documents, own: readonly Document[]): readonly Seed[] {
  const first: Document[] = [];
  const variants: Document[] = [];
  const seen = new Set<string>();
  for (const document of own) {
    const names = identitiesOf(documents, [document]);
    if (seen.isDisjointFrom(names)) first.push(document);
    else variants.push(document);
    for (const name of names) seen.add(name);
  }
  return [first, ...variants.map((variant) => [variant])].map((some) => seedOf(documents, some));
}

function everyKustomization(documents: Documents) {
  return documents.of("kustomization").map((root) => ({
    root,
    documents: takenIn(documents, root, 0),
  }));
}

/** Only what no other kustomization takes in is applied by itself. */
function kustomizeSeeds(documents: Documents): readonly Seed[] {
  const every = everyKustomization(documents);
  return every
    .filter(
      ({ root }) => !every.some((other) => other.root !== root && other.documents.includes(root)),
    )
    .map(({ documents: own }) => seedOf(documents, own));
}

function takenIn(
  documents: Documents,
  root: KustomizationDocument,
  depth: number,
): readonly Document[] {
  if (depth > INCLUDES_MAX) return [root];
  const inner = root.includes.flatMap(({ path }) => {
    const next = documents.of("kustomization").find(({ file }) => folderOf(file.path) === path);
    if (next !== undefined && next !== root) return takenIn(documents, next, depth + 1);
    return documents.of("manifest").filter(({ file }) => file.path === path);
  });
  const patches = documents.of("manifest").filter(({ file }) => root.patches.includes(file.path));
  return [...new Set([root, ...inner, ...patches])];
}

function chartSeeds(documents: Documents): readonly Seed[] {
  return documents.of("helm-chart").map((chart) => {
    const folder = folderOf(chart.file.path);
    const own = [...documents.of("helm-template"), ...documents.of("manifest")].filter(
      ({ file }) => folder === "" || file.path.startsWith(`${folder}/`),
    );
    return seedOf(documents, [chart, ...own]);
  });
}

function seedOf(documents: Documents, own: readonly Document[]): Seed {
  const [first] = own;
  const stages = own.map(({ file }) => stageOf(file.path));
  return {
    name: first === undefined ? "." : folderOf(first.file.path) || first.file.path,
    documents: own,
    // An overlay stands before the bases that it takes in.
    stage: stages.find((stage) => stage !== undefined),
    identities: identitiesOf(documents, own),
  };
}

const NAMED_KINDS = new Set([
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "Service",
  "CronJob",
  "Job",
]);

function identitiesOf(documents: Documents, own: readonly Document[]): ReadonlySet<string> {
  const objects = own.flatMap((document): readonly KubeObject[] => {
    if (document.kind === "manifest") return document.objects;
    return document.kind === "helm-template" ? templateObjects(documents, document) : [];
  });
  return new Set(
    objects
      .filter(({ kind, name }) => NAMED_KINDS.has(kind) && name !== "")
      .map(({ kind, namespace = "", name }) => `${kind}/${namespace}/${name}`),
  );
}
