import { entriesAt, entryAt, itemsAt, nodeAt, textAt, type Node } from "../node.ts";
import { at, baseName, folderOf, joinPath, type SourceFile } from "../source.ts";
import { structured } from "../structured.ts";
import type { GeneratedMap, KustomizationDocument } from "./kubernetes.ts";

const NAMES = new Set(["kustomization.yaml", "kustomization.yml", "Kustomization"]);

/** A kustomize file: by its kind, or by its name where the kind is left out. */
export function readKustomization(file: SourceFile): KustomizationDocument | undefined {
  const named = NAMES.has(baseName(file.path));
  if (!named && !file.text.includes("kustomize.config.k8s.io")) return undefined;
  const [root] = structured(file).documents;
  if (root?.type !== "map") return undefined;
  const api = textAt(root, "apiVersion");
  // Flux has a kind of that name too; it is an object, not a list of files.
  if (api === undefined ? !named : !api.startsWith("kustomize.config.k8s.io/")) return undefined;
  const sources = ["resources", "bases", "components", "crds"].flatMap((key) => textsAt(root, key));
  const local = sources.flatMap(({ text, line }) => {
    const path = isRemote(text) ? undefined : joinPath(folderOf(file.path), text);
    return path === undefined ? [] : [{ path, at: at(file, line) }];
  });
  const remote = sources
    .filter(({ text }) => isRemote(text))
    .map(({ text, line }) => ({ url: text, at: at(file, line) }));
  return {
    kind: "kustomization",
    file,
    root,
    namespace: textAt(root, "namespace"),
    includes: local,
    remote: [...remote, ...chartsOf(file, root)],
    patches: patchesOf(file, root),
    generated: [...generatedOf(file, root, "ConfigMap"), ...generatedOf(file, root, "Secret")],
    problems: [],
  };
}

/** `https://…`, `git@…`, `github.com/owner/repo//path?ref=v1`. */
function isRemote(text: string): boolean {
  return /:\/\/|^git@|\?ref=|^[\w-]+\.[a-z]{2,}\//.test(text) && !text.startsWith(".");
}

function textsAt(root: Node, key: string): readonly { text: string; line: number }[] {
  return itemsAt(root, key).flatMap((item) =>
    item.type === "scalar" ? [{ text: item.text, line: item.line }] : [],
  );
}

/** `helmCharts:` are fetched when it is built. */
function chartsOf(file: SourceFile, root: Node): KustomizationDocument["remote"] {
  return itemsAt(root, "helmCharts").map((chart) => ({
    url: `Helm chart ${textAt(chart, "name") ?? "of another place"}`,
    at: at(file, chart.line),
  }));
}

function patchesOf(file: SourceFile, root: Node): readonly string[] {
  const folder = folderOf(file.path);
  const paths = [
    ...textsAt(root, "patchesStrategicMerge").map(({ text }) => text),
    ...["patches", "patchesJson6902", "replacements"].flatMap((key) =>
      itemsAt(root, key).flatMap((patch) => textAt(patch, "path") ?? []),
    ),
  ];
  return paths.flatMap((path) => (path.includes("\n") ? [] : (joinPath(folder, path) ?? [])));
}

function generatedOf(
  file: SourceFile,
  root: Node,
  kind: GeneratedMap["kind"],
): readonly GeneratedMap[] {
  const generator = kind === "ConfigMap" ? "configMapGenerator" : "secretGenerator";
  return itemsAt(root, generator).flatMap((made) => {
    const name = textAt(made, "name");
    if (name === undefined) return [];
    const files = textsAt(made, "files").map(({ text }) => text.split("=", 1)[0] ?? text);
    const literals = textsAt(made, "literals").map(({ text }) => text.split("=", 1)[0] ?? text);
    const envs = entryAt(made, "envs") ?? entryAt(made, "env");
    const keys = [...files.map(baseName), ...literals];
    return [{ kind, name, at: at(file, made.line), keys, open: envs !== undefined }];
  });
}

/** True where an overlay gives this workload another number of replicas than its own file. */
export function changesReplicas({ file, root }: KustomizationDocument, name: string): boolean {
  const counts = itemsAt(root, "replicas").some((item) => textAt(item, "name") === name);
  const patched = /^[ -]{0,40}(?:path: {0,4}\/spec\/replicas|replicas:)/m.test(file.text);
  return counts || (patched && file.text.includes(name));
}

/** A kustomization of kind Component: taken in by some overlays and left out by others. */
export function isOptional({ root }: KustomizationDocument): boolean {
  return textAt(root, "kind") === "Component";
}

/** Images whose name or tag the kustomization changes, by the name that manifests have. */
export function imageChangesOf({ root }: KustomizationDocument): ReadonlyMap<string, string> {
  const changes = new Map<string, string>();
  for (const image of itemsAt(root, "images")) {
    const name = textAt(image, "name");
    if (name === undefined) continue;
    const digest = textAt(image, "digest");
    const tag = textAt(image, "newTag");
    const end = digest === undefined ? (tag === undefined ? "" : `:${tag}`) : `@${digest}`;
    changes.set(name, `${textAt(image, "newName") ?? name}${end}`);
  }
  return changes;
}

/** Labels that it puts on everything, selectors among them. */
export function commonLabelsOf({ root }: KustomizationDocument): ReadonlyMap<string, string> {
  const pairs = [
    ...entriesAt(root, "commonLabels"),
    ...itemsAt(root, "labels").flatMap((label) =>
      textAt(label, "includeSelectors") === "true" ? entriesAt(nodeAt(label, "pairs")) : [],
    ),
  ];
  return new Map(pairs.flatMap(([key, { node }]) => pairOf(key, node)));
}

function pairOf(key: string, node: Node): readonly (readonly [string, string])[] {
  return node.type === "scalar" ? [[key, node.text]] : [];
}
