import type { Documents } from "../document.ts";
import type { EnvironmentEntry } from "../fact.ts";
import { entriesAt, entryAt, itemsAt, nodeAt, textAt, type Entry, type Node } from "../node.ts";
import { at, type SourceFile } from "../source.ts";
import type { KubeObject } from "./kubernetes.ts";
import { ofKind } from "./objects.ts";
import { mayShare } from "./workloads.ts";

/** What `envFrom` and `valueFrom` can name. */
export interface EnvironmentSources {
  readonly maps: readonly KubeObject[];
  readonly secrets: readonly KubeObject[];
}

export function sourcesOf(documents: Documents): EnvironmentSources {
  return { maps: ofKind(documents, "ConfigMap"), secrets: ofKind(documents, "Secret") };
}

interface Of {
  readonly object: KubeObject;
  readonly container: Node;
  readonly sources: EnvironmentSources;
}

/** The variables of a container: `env` goes before `envFrom`, as the kubelet has it. */
export function environmentOf(of: Of): ReadonlyMap<string, EnvironmentEntry> {
  const variables = new Map<string, EnvironmentEntry>();
  for (const source of itemsAt(of.container, "envFrom")) {
    for (const [name, entry] of fromSource(of, source)) variables.set(name, entry);
  }
  for (const item of itemsAt(of.container, "env")) {
    const name = textAt(item, "name");
    if (name !== undefined) variables.set(name, oneOf(of, item));
  }
  return variables;
}

/** Every key of a ConfigMap or Secret; of a Secret the names alone. */
function fromSource(
  { object, sources }: Of,
  source: Node,
): readonly (readonly [string, EnvironmentEntry])[] {
  const prefix = textAt(source, "prefix") ?? "";
  const map = textAt(source, "configMapRef", "name");
  const secret = textAt(source, "secretRef", "name");
  if (map !== undefined) {
    return keysOf(found(sources.maps, map, object)).map(({ key, entry, file }) => {
      const from = { kind: "config-map", name: map, key } as const;
      return [`${prefix}${key}`, { at: at(file, entry.line), ...valueOf(entry.node), from }];
    });
  }
  if (secret === undefined) return [];
  return keysOf(found(sources.secrets, secret, object)).map(({ key, entry, file }) => {
    const from = { kind: "secret", name: secret, key } as const;
    return [`${prefix}${key}`, { at: at(file, entry.line), from }];
  });
}

function oneOf({ object, sources }: Of, item: Node): EnvironmentEntry {
  const place = at(object.file, entryAt(item, "value")?.line ?? item.line);
  const value = nodeAt(item, "value");
  if (value !== undefined) return { at: place, ...valueOf(value) };
  const from = nodeAt(item, "valueFrom");
  const map = textAt(from, "configMapKeyRef", "name");
  if (map !== undefined) {
    const key = textAt(from, "configMapKeyRef", "key") ?? "";
    const read = keysOf(found(sources.maps, map, object)).find((one) => one.key === key);
    const known = read === undefined ? {} : valueOf(read.entry.node);
    return { at: place, ...known, from: { kind: "config-map", name: map, key } };
  }
  const secret = textAt(from, "secretKeyRef", "name");
  if (secret !== undefined) {
    const key = textAt(from, "secretKeyRef", "key") ?? "";
    return { at: place, from: { kind: "secret", name: secret, key } };
  }
  const field =
    textAt(from, "fieldRef", "fieldPath") ?? textAt(from, "resourceFieldRef", "resource");
  return { at: place, from: { kind: "field", name: field ?? "" } };
}

function found(
  objects: readonly KubeObject[],
  name: string,
  user: KubeObject,
): KubeObject | undefined {
  return objects.find(
    (object) => object.name === name && mayShare(object.namespace, user.namespace),
  );
}

interface Key {
  readonly key: string;
  readonly entry: Entry;
  readonly file: SourceFile;
}

/** The keys of a ConfigMap or Secret. */
function keysOf(object: KubeObject | undefined): readonly Key[] {
  if (object === undefined) return [];
  const { root, file } = object;
  return [...entriesAt(root, "data"), ...entriesAt(root, "stringData")].map(([key, entry]) => ({
    key,
    entry,
    file,
  }));
}

function valueOf(node: Node): { readonly value?: string } {
  return node.type === "scalar" ? { value: node.text } : {};
}
