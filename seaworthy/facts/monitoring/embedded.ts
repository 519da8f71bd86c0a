import { entriesAt, itemsAt, nodeAt, textAt, type Node } from "../node.ts";
import { at, type SourceFile } from "../source.ts";
import { structured } from "../structured.ts";
import type { Documents } from "../document.ts";
import type { MonitoringDocument } from "./monitoring.ts";
import { readByContent } from "./read-by-content.ts";
import { readRules } from "./prometheus-rules.ts";

/** Where a file inside a manifest stands. */
export interface EmbeddedIn {
  readonly resource: "ConfigMap" | "Secret" | "PrometheusRule";
  readonly name: string;
  readonly namespace: string | undefined;
  /** The file's name inside the ConfigMap or Secret. */
  readonly key: string;
}

type MonitoringKind = MonitoringDocument["kind"];
type MonitoringOf<K extends MonitoringKind> = Extract<MonitoringDocument, { readonly kind: K }>;

const known = new WeakMap<SourceFile, readonly MonitoringDocument[]>();

/** Every document of a kind: files of their own, and those inside manifests. */
export function monitoringIn<K extends MonitoringKind>(
  documents: Documents,
  kind: K,
): readonly MonitoringOf<K>[] {
  const inside = documents.of("manifest").flatMap(({ file }) => embeddedIn(file));
  const all: readonly MonitoringDocument[] = [
    ...documents.of("prometheus"),
    ...documents.of("prometheus-rules"),
    ...documents.of("alertmanager"),
    ...documents.of("dashboard"),
    ...documents.of("grafana-provisioning"),
    ...inside,
  ];
  return all.filter((document) => isOf(document, kind));
}

/** The monitoring files that stand in a manifest's ConfigMaps, Secrets and PrometheusRules. */
export function embeddedIn(file: SourceFile): readonly MonitoringDocument[] {
  const read = known.get(file);
  if (read !== undefined) return read;
  const made = structured(file).documents.flatMap((root) =>
    [root, ...itemsAt(root, "items")].flatMap((resource) => inResource(file, resource)),
  );
  known.set(file, made);
  return made;
}

function isOf<K extends MonitoringKind>(
  document: MonitoringDocument,
  kind: K,
): document is MonitoringOf<K> {
  return document.kind === kind;
}

function inResource(file: SourceFile, root: Node): readonly MonitoringDocument[] {
  const kind = textAt(root, "kind");
  const name = textAt(root, "metadata", "name") ?? "";
  const namespace = textAt(root, "metadata", "namespace");
  if (kind === "PrometheusRule") {
    const spec = nodeAt(root, "spec");
    if (spec === undefined) return [];
    const embedded: EmbeddedIn = { resource: kind, name, namespace, key: "" };
    return [{ ...readRules(file, spec, []), embedded }];
  }
  if (kind !== "ConfigMap" && kind !== "Secret") return [];
  const data = kind === "Secret" ? nodeAt(root, "stringData") : nodeAt(root, "data");
  return entriesAt(data).flatMap(([key, { node }]) => {
    if (node.type !== "scalar" || !node.text.includes("\n")) return [];
    const first = node.line + (node.block ? 1 : 0);
    const inner: SourceFile = {
      path: `${file.path}#${key}`,
      text: node.text,
      origin: (line) => at(file, first + (node.block ? line - 1 : 0)),
    };
    const document = readByContent(inner);
    return document === undefined
      ? []
      : [{ ...document, embedded: { resource: kind, name, namespace, key } }];
  });
}
