import type { Documents } from "../document.ts";
import { textAt } from "../node.ts";
import { at, type Location } from "../source.ts";
import { objectsOf } from "./objects.ts";

/** Objects that bring others from somewhere else. */
const BRINGERS: ReadonlyMap<string, string> = new Map([
  ["HelmRelease", "Helm release"],
  ["HelmChart", "Helm chart"],
  ["Application", "Argo CD application"],
  ["ApplicationSet", "Argo CD applications"],
  ["GitRepository", "Git repository"],
]);

const GITOPS = /^(?:helm\.toolkit\.fluxcd|source\.toolkit\.fluxcd|helm\.cattle|argoproj)\.io\//;

/** Why an object that is missing here may be made by something that is not in these files. */
export function kubernetesOpenEdges(
  documents: Documents,
): readonly { readonly at: Location; readonly because: string }[] {
  return [
    ...documents
      .of("kustomization")
      .flatMap(({ remote }) => remote.map(({ url, at: place }) => ({ at: place, because: url }))),
    ...documents
      .of("helm-chart")
      .flatMap(({ dependencies }) =>
        dependencies.map(({ name, at: place }) => ({ at: place, because: `Helm chart ${name}` })),
      ),
    ...objectsOf(documents).flatMap(({ kind, apiVersion, name, root, file, line }) => {
      const what = GITOPS.test(apiVersion) ? BRINGERS.get(kind) : undefined;
      if (what === undefined) return [];
      const chart = textAt(root, "spec", "chart", "spec", "chart") ?? textAt(root, "spec", "chart");
      return [{ at: at(file, line), because: `${what} ${chart ?? name}` }];
    }),
  ];
}
