import type { Documents } from "../document.ts";
import type { Component } from "../fact.ts";
import { entriesAt, entryAt, itemsAt, nodeAt, textAt, type Node } from "../node.ts";
import { at, type Located } from "../source.ts";
import { commonLabelsOf } from "./kustomization.ts";
import type { KubeObject } from "./kubernetes.ts";
import { objectsOf } from "./objects.ts";

/** Something that starts pods. */
export interface Workload {
  readonly object: KubeObject;
  readonly workload: NonNullable<Component["workload"]>;
  /** Metadata and spec of its pods. */
  readonly template: Node;
  readonly podSpec: Node;
  readonly podLabels: ReadonlyMap<string, string>;
  readonly containers: readonly Node[];
  readonly initContainers: readonly Node[];
  readonly replicas?: Located<number>;
}

/** Kinds that hold a pod template, and what they are to us. */
const WORKLOADS: ReadonlyMap<string, NonNullable<Component["workload"]>> = new Map([
  ["Deployment", "Deployment"],
  ["Rollout", "Deployment"],
  ["DeploymentConfig", "Deployment"],
  ["ReplicaSet", "Deployment"],
  ["ReplicationController", "Deployment"],
  ["StatefulSet", "StatefulSet"],
  ["DaemonSet", "DaemonSet"],
  ["Job", "Job"],
  ["CronJob", "CronJob"],
  ["Pod", "Pod"],
]);

const known = new WeakMap<Documents, readonly Workload[]>();

export function workloadsOf(documents: Documents): readonly Workload[] {
  const read = known.get(documents);
  if (read !== undefined) return read;
  const shared = new Map(documents.of("kustomization").flatMap((one) => [...commonLabelsOf(one)]));
  const made = objectsOf(documents).flatMap((object) => workloadOf(object, shared) ?? []);
  known.set(documents, made);
  return made;
}

function workloadOf(object: KubeObject, shared: ReadonlyMap<string, string>): Workload | undefined {
  const workload = WORKLOADS.get(object.kind);
  if (workload === undefined) return undefined;
  const template =
    object.kind === "Pod"
      ? object.root
      : object.kind === "CronJob"
        ? nodeAt(object.root, "spec", "jobTemplate", "spec", "template")
        : nodeAt(object.root, "spec", "template");
  const podSpec = nodeAt(template, "spec");
  const containers = itemsAt(podSpec, "containers");
  if (template === undefined || podSpec === undefined || containers.length === 0) return undefined;
  const replicas = entryAt(object.root, "spec", "replicas");
  const count = replicas?.node.type === "scalar" ? replicas.node.value : undefined;
  return {
    object,
    workload,
    template,
    podSpec,
    podLabels: new Map([...shared, ...labelsAt(template, "metadata", "labels")]),
    containers,
    initContainers: itemsAt(podSpec, "initContainers"),
    ...(typeof count === "number" && replicas !== undefined
      ? { replicas: { value: count, at: at(object.file, replicas.line) } }
      : {}),
  };
}

/** The plain texts of a map, as labels are. */
export function labelsAt(node: Node | undefined, ...keys: readonly string[]) {
  return new Map(
    entriesAt(node, ...keys).flatMap(([key, entry]): readonly (readonly [string, string])[] =>
      entry.node.type === "scalar" ? [[key, entry.node.text]] : [],
    ),
  );
}

/** True where a selector (`matchLabels` and `matchExpressions`) takes these labels. */
export function selects(selector: Node | undefined, labels: ReadonlyMap<string, string>): boolean {
  const wanted = labelsAt(selector, "matchLabels");
  return (
    [...wanted].every(([key, value]) => labels.get(key) === value) &&
    itemsAt(selector, "matchExpressions").every((expression) => meets(expression, labels))
  );
}

function meets(expression: Node, labels: ReadonlyMap<string, string>): boolean {
  const value = labels.get(textAt(expression, "key") ?? "");
  const values = itemsAt(expression, "values").flatMap((item) =>
    item.type === "scalar" ? [item.text] : [],
  );
  const operator = textAt(expression, "operator");
  if (operator === "In") return value !== undefined && values.includes(value);
  if (operator === "NotIn") return value === undefined || !values.includes(value);
  if (operator === "Exists") return value !== undefined;
  return operator !== "DoesNotExist" || value === undefined;
}

/** Two namespaces that may be one: what a file leaves out is decided when it is applied. */
export function mayShare(one: string | undefined, two: string | undefined): boolean {
  return one === undefined || two === undefined || one === two;
}
