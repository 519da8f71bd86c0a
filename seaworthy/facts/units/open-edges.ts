import type { ComposeDocument } from "../containers/compose.ts";
import type { Documents } from "../document.ts";
import type { Facts } from "../facts.ts";
import { itemsAt, nodeAt } from "../node.ts";
import { at, folderOf, joinPath } from "../source.ts";
import type { OpenEdge } from "../unit.ts";
import { sharedNetworks } from "./compose-seeds.ts";

/** As many as anybody reads. */
const EDGES_MAX = 50;

/** Why something that is missing in these documents may come from elsewhere. */
export function openEdgesOf(documents: Documents, facts: Facts): readonly OpenEdge[] {
  const hasManifests = documents.all.some(({ kind }) => kind === "manifest");
  const edges = [
    ...documents.of("compose").flatMap((document) => composeEdges(document, documents)),
    ...documents
      .of("kustomization")
      .flatMap(({ remote }) =>
        remote.map(({ url, at: place }) => ({ at: place, because: `remote base ${url}` })),
      ),
    ...documents
      .of("helm-chart")
      .flatMap(({ dependencies }) =>
        dependencies.map(({ name, at: place }) => ({ at: place, because: `Helm chart ${name}` })),
      ),
    ...(hasManifests ? appliedEdges(facts) : []),
    ...unreadEdges(documents),
  ];
  return edges.slice(0, EDGES_MAX);
}

function composeEdges(document: ComposeDocument, documents: Documents): readonly OpenEdge[] {
  const others = documents.of("compose");
  const networks = sharedNetworks(document)
    .filter(({ isExternal }) => isExternal)
    // Some file of the unit is a member too: what it should define is seen.
    .filter(({ name }) => !others.some((other) => other !== document && attaches(other, name)))
    .map(({ name, line }) => ({
      at: at(document.file, line),
      because: `external network "${name}"`,
    }));
  const includes = itemsAt(document.root, "include").flatMap((item): readonly OpenEdge[] => {
    const path = item.type === "scalar" ? item : nodeAt(item, "path");
    if (path?.type !== "scalar") return [];
    const inTree = joinPath(folderOf(document.file.path), path.text);
    const isThere = others.some(({ file }) => file.path === inTree);
    return isThere ? [] : [{ at: at(document.file, path.line), because: `include ${path.text}` }];
  });
  return [...networks, ...includes];
}

/** Also under its plain key: whoever wrote it meant that network. */
function attaches(document: ComposeDocument, network: string): boolean {
  return (
    nodeAt(document.root, "networks", network) !== undefined ||
    sharedNetworks(document).some(({ name }) => name === network)
  );
}

/** `helm install`, `kubectl apply -f https://…`: objects that no file of the tree shows. */
function appliedEdges(facts: Facts): readonly OpenEdge[] {
  return facts.of("step").flatMap(({ words, at: place }): readonly OpenEdge[] => {
    const [program, verb] = words;
    if (program === "helm" && (verb === "install" || verb === "upgrade")) {
      const chart = words.slice(2).filter((word) => !word.startsWith("-"));
      return [{ at: place, because: `Helm release ${chart[0] ?? ""}`.trimEnd() }];
    }
    const url = words.find((word) => /^https?:\/\//.test(word));
    if (program !== "kubectl" || url === undefined) return [];
    return [{ at: place, because: `manifests of ${url}` }];
  });
}

/** What was not read may define anything; pictures and programs define nothing. */
function unreadEdges({ tree, all }: Documents): readonly OpenEdge[] {
  const [first] = all;
  if (first === undefined) return [];
  return tree.unread
    .filter(({ path }) => path === "." || isConfiguration(path))
    .map(({ path, because }) => ({
      at: path === "." ? at(first.file, 1) : { file: path, line: 1 },
      because: path === "." ? because : `${path}, which was not read (${because})`,
    }));
}

function isConfiguration(path: string): boolean {
  return /(?:\.(?:ya?ml|conf|cfg|toml|env|ini|tf|tpl)|\/[^./]+|^[^./]+)$/i.test(path);
}
