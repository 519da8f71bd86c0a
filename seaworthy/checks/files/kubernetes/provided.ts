import { textAt, type Node } from "../../../facts/node.ts";
import type { KubeObject } from "../../../facts/kubernetes/kubernetes.ts";
import { objectsOf } from "../../../facts/kubernetes/objects.ts";
import { mayShare } from "../../../facts/kubernetes/workloads.ts";
import type { SourceFile } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";

/** What an object names. */
export interface Wanted {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
}

/** A name that could be compared: no variable, no template's placeholder. */
export function isPlainName(name: string): boolean {
  return /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(name);
}

/** The objects of this kind and name that pods of the namespace may use. */
export function objectsFor(unit: Unit, wanted: Wanted): readonly KubeObject[] {
  return objectsOf(unit.documents).filter(
    ({ kind, name, namespace }) =>
      kind === wanted.kind && name === wanted.name && mayShare(namespace, wanted.namespace),
  );
}

/** The same name elsewhere: in another namespace of this unit. */
export function elsewhere(unit: Unit, wanted: Wanted): KubeObject | undefined {
  return objectsOf(unit.documents).find(
    ({ kind, name }) => kind === wanted.kind && name === wanted.name,
  );
}

/**
 * True where the object is made by something else that these files hold: another part of the
 * repository, kustomize, an operator's object, a script, a page that says how to create it.
 */
export function isProvided(unit: Unit, wanted: Wanted): boolean {
  const generated = unit.repository.documents
    .of("kustomization")
    .flatMap((kustomization) => kustomization.generated);
  if (generated.some(({ kind, name }) => kind === wanted.kind && name === wanted.name)) return true;
  const objects = objectsOf(unit.repository.documents);
  if (objects.some(({ kind, name }) => kind === wanted.kind && name === wanted.name)) return true;
  if (objects.some((object) => isCustom(object) && mentions(object, wanted.name))) return true;
  return unit.repository.documents.tree.files.some((file) => saysHow(file, wanted));
}

const CORE = new Set(["v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "autoscaling/v2"]);

/** Operators make Secrets, Services and claims out of their own kinds. */
function isCustom({ apiVersion, kind }: KubeObject): boolean {
  return !CORE.has(apiVersion) && /\.|\//.test(apiVersion) && !PLAIN.has(kind);
}

const PLAIN = new Set([
  "Ingress",
  "HTTPRoute",
  "HorizontalPodAutoscaler",
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "CronJob",
  "Job",
  "NetworkPolicy",
  "PodDisruptionBudget",
]);

/** Nodes of one object that are looked at. */
const NODES_MAX = 5000;

function mentions({ root, name }: KubeObject, wanted: string): boolean {
  if (name === wanted || wanted.startsWith(`${name}-`)) return true;
  const open: Node[] = [root];
  for (let seen = 0; open.length > 0 && seen < NODES_MAX; seen += 1) {
    const node = open.pop();
    if (node?.type === "scalar" && node.text === wanted) return true;
    if (node?.type === "list") open.push(...node.items);
    if (node?.type === "map") open.push(...[...node.entries.values()].map((entry) => entry.node));
  }
  return false;
}

const MAKES =
  /\bcreate\b|\bapply\b|\bexpose\b|kubernetes_|\bhelm\b|\bkubeseal\b|\biamserviceaccount\b/;
/** Longer lines are data. */
const LINE_CHARACTERS_MAX = 2000;

/** So near to its name stands the kind of an object, in a page that shows its manifest. */
const MANIFEST_LINES = 6;

/** A script, a page or a Terraform file that makes an object of this name. */
function saysHow(file: SourceFile, { kind, name }: Wanted): boolean {
  if (/\.(?:ya?ml|json|lock)$/.test(file.path) || !file.text.includes(name)) return false;
  const lines = file.text.split("\n");
  return lines.some((line, index) => {
    if (line.length > LINE_CHARACTERS_MAX || !hasWord(line, name)) return false;
    const manifest = lines.slice(Math.max(0, index - MANIFEST_LINES), index);
    if (manifest.some((text) => text.trim() === `kind: ${kind}`)) return true;
    const before = lines.slice(Math.max(0, index - 3), index + 1).join("\n");
    return MAKES.test(before) && before.toLowerCase().includes(kind.toLowerCase());
  });
}

/** The name as a word of its own, not as a part of a longer name. */
function hasWord(line: string, name: string): boolean {
  for (let from = line.indexOf(name); from >= 0; from = line.indexOf(name, from + 1)) {
    const around = `${line[from - 1] ?? " "}${line[from + name.length] ?? " "}`;
    if (!/[\w-]/.test(around)) return true;
  }
  return false;
}

/** The keys that a ConfigMap or Secret surely has, and whether it may have more. */
export function keysOf({ root, kind, template }: KubeObject): {
  readonly keys: readonly string[];
  readonly open: boolean;
} {
  const keys = ["data", "stringData", "binaryData"].flatMap((of) => {
    const node = root.type === "map" ? root.entries.get(of)?.node : undefined;
    return node?.type === "map" ? [...node.entries.keys()] : [];
  });
  const open = template || keys.length === 0 || (kind === "Secret" && isFilledLater(root));
  return { keys, open };
}

/** Another program writes the values: an operator's annotation says so. */
function isFilledLater(root: Node): boolean {
  return textAt(root, "type")?.startsWith("kubernetes.io/") ?? false;
}
