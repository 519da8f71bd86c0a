import type { Documents } from "../document.ts";
import { folderOf, joinPath } from "../source.ts";
import { templateObjects } from "./helm.ts";
import type { KubeObject, KustomizationDocument } from "./kubernetes.ts";

const known = new WeakMap<Documents, readonly KubeObject[]>();
/** Kustomizations that take in one another: longer chains are circles. */
const DEPTH_MAX = 20;

/** Every whole object of these documents; patches are left out, kustomize's namespaces put in. */
export function objectsOf(documents: Documents): readonly KubeObject[] {
  const read = known.get(documents);
  if (read !== undefined) return read;
  const kustomizations = documents.of("kustomization");
  const patches = new Set(kustomizations.flatMap((kustomization) => kustomization.patches));
  const namespaces = namespacesByFile(kustomizations);
  const all = [
    ...documents.of("manifest").flatMap(({ objects }) => objects),
    ...documents.of("helm-template").flatMap((template) => templateObjects(documents, template)),
  ];
  const made = all
    .filter(({ file }) => !patches.has(file.path))
    .map((object) => ({
      ...object,
      namespace: namespaces.get(object.file.path) ?? object.namespace,
    }));
  known.set(documents, made);
  return made;
}

export function ofKind(documents: Documents, ...kinds: readonly string[]): readonly KubeObject[] {
  return objectsOf(documents).filter(({ kind }) => kinds.includes(kind));
}

/** A namespace that one kustomization alone sets for a file; two overlays say nothing of a base. */
function namespacesByFile(
  kustomizations: readonly KustomizationDocument[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string | undefined>();
  for (const kustomization of kustomizations) {
    if (kustomization.namespace === undefined) continue;
    for (const path of filesOf(kustomization, kustomizations, 0)) {
      const other = found.get(path);
      const same = !found.has(path) || other === kustomization.namespace;
      found.set(path, same ? kustomization.namespace : undefined);
    }
  }
  return new Map([...found].flatMap(([path, name]) => (name === undefined ? [] : [[path, name]])));
}

/** Files that a kustomization takes in, through other kustomizations too. */
function filesOf(
  kustomization: KustomizationDocument,
  all: readonly KustomizationDocument[],
  depth: number,
): readonly string[] {
  if (depth > DEPTH_MAX) return [];
  return kustomization.includes.flatMap(({ path }) => {
    const inner = all.find(({ file }) => joinPath(folderOf(file.path), ".") === path);
    if (inner === undefined) return [path];
    return inner.namespace === undefined ? filesOf(inner, all, depth + 1) : [];
  });
}
