import type { Documents } from "../document.ts";
import type { Component, MountFact, PortFact } from "../fact.ts";
import { entriesAt, entryAt, itemsAt, nodeAt, numberAt, textAt, type Node } from "../node.ts";
import { at, type Located, type SourceFile } from "../source.ts";
import { environmentOf, type EnvironmentSources, sourcesOf } from "./environment.ts";
import { isUnknown } from "./helm.ts";
import { imageChangesOf } from "./kustomization.ts";
import { ofKind } from "./objects.ts";
import { probesOf } from "./probes.ts";
import { quantityOf } from "./quantity.ts";
import { mayShare, workloadsOf, type Workload } from "./workloads.ts";

/** One for each container of each pod. */
export function componentFacts(documents: Documents): readonly Component[] {
  const sources = sourcesOf(documents);
  const images = new Map(documents.of("kustomization").flatMap((one) => [...imageChangesOf(one)]));
  return workloadsOf(documents).flatMap((workload) =>
    workload.containers.map((container) => {
      const around = { documents, sources, images };
      return componentOf(workload, container, around);
    }),
  );
}

interface Around {
  readonly documents: Documents;
  readonly sources: EnvironmentSources;
  readonly images: ReadonlyMap<string, string>;
}

function componentOf(workload: Workload, container: Node, around: Around): Component {
  const { object, podSpec, template } = workload;
  const { file, name, namespace } = object;
  const replicas = replicasOf(around.documents, workload);
  return {
    kind: "component",
    at: at(file, container.line),
    platform: "kubernetes",
    name,
    container: textAt(container, "name") ?? name,
    workload: workload.workload,
    ...(namespace === undefined ? {} : { namespace }),
    hostNames: [],
    ports: portsOf(file, container),
    environment: environmentOf({ object, container, sources: around.sources }),
    environmentFiles: [],
    mounts: mountsOf(workload, container),
    ...commandOf(file, container),
    probes: probesOf(file, container),
    networks: namespace === undefined ? [] : [namespace],
    hostNetwork: textAt(podSpec, "hostNetwork") === "true",
    dependsOn: [],
    labels: locatedTexts(file, nodeAt(template, "metadata", "labels")),
    annotations: locatedTexts(file, nodeAt(template, "metadata", "annotations")),
    ...imageOf(file, container, around.images),
    ...(replicas === undefined ? {} : { replicas }),
    ...securityOf(file, podSpec, container),
    ...memoryOf(file, container),
    ...graceOf(file, podSpec),
  };
}

/** What the autoscaler keeps at least, else what is written. */
export function replicasOf(
  documents: Documents,
  { object, replicas }: Workload,
): Located<number> | undefined {
  const scaler = ofKind(documents, "HorizontalPodAutoscaler", "ScaledObject").find(
    ({ root, namespace }) =>
      textAt(root, "spec", "scaleTargetRef", "name") === object.name &&
      (textAt(root, "spec", "scaleTargetRef", "kind") ?? "Deployment") === object.kind &&
      mayShare(namespace, object.namespace),
  );
  const least =
    entryAt(scaler?.root, "spec", "minReplicas") ??
    entryAt(scaler?.root, "spec", "minReplicaCount");
  if (scaler === undefined || least?.node.type !== "scalar") return replicas;
  const { value } = least.node;
  return typeof value === "number" ? { value, at: at(scaler.file, least.line) } : replicas;
}

function imageOf(file: SourceFile, container: Node, images: ReadonlyMap<string, string>) {
  const image = entryAt(container, "image");
  if (image?.node.type !== "scalar" || isUnknown(image.node.text)) return {};
  const written = image.node.text;
  const bare = written.replace(/@.*$|:[^/:]*$/, "");
  return { image: { value: images.get(bare) ?? written, at: at(file, image.line) } };
}

function commandOf(file: SourceFile, container: Node) {
  const entry = entryAt(container, "command") ?? entryAt(container, "args");
  if (entry === undefined) return {};
  const words = [...itemsAt(container, "command"), ...itemsAt(container, "args")].flatMap((word) =>
    word.type === "scalar" ? [word.text] : [],
  );
  return { command: { value: words, at: at(file, entry.line) } };
}

function portsOf(file: SourceFile, container: Node): readonly PortFact[] {
  return itemsAt(container, "ports").flatMap((item): readonly PortFact[] => {
    const port = numberAt(item, "containerPort");
    if (port === undefined) return [];
    const name = textAt(item, "name");
    const host = numberAt(item, "hostPort");
    return [
      {
        at: at(file, item.line),
        port,
        protocol: textAt(item, "protocol") === "UDP" ? "udp" : "tcp",
        ...(name === undefined ? {} : { name }),
        ...(host === undefined ? {} : { published: { port: host } }),
      },
    ];
  });
}

function mountsOf({ object, podSpec }: Workload, container: Node): readonly MountFact[] {
  const volumes = new Map(
    itemsAt(podSpec, "volumes").map((volume) => [textAt(volume, "name") ?? "", volume] as const),
  );
  const claims = new Set(
    itemsAt(object.root, "spec", "volumeClaimTemplates").map((claim) =>
      textAt(claim, "metadata", "name"),
    ),
  );
  return itemsAt(container, "volumeMounts").flatMap((mount): readonly MountFact[] => {
    const name = textAt(mount, "name") ?? "";
    const target = textAt(mount, "mountPath");
    if (target === undefined) return [];
    const from = claims.has(name) ? claim(name) : volumeOf(volumes.get(name), name);
    const readOnly = textAt(mount, "readOnly") === "true" || from.readOnly;
    return [{ at: at(object.file, mount.line), ...from, target, readOnly }];
  });
}

type Volume = Pick<MountFact, "type" | "source" | "readOnly">;

function claim(source: string): Volume {
  return { type: "claim", source, readOnly: false };
}

/** Kinds of volumes, and the key that names what is mounted. */
const VOLUMES: readonly (readonly [MountFact["type"], string, string])[] = [
  ["bind", "hostPath", "path"],
  ["config-map", "configMap", "name"],
  ["secret", "secret", "secretName"],
  ["claim", "persistentVolumeClaim", "claimName"],
];

function volumeOf(volume: Node | undefined, name: string): Volume {
  for (const [type, key, of] of VOLUMES) {
    const source = textAt(volume, key, of);
    const readOnly = type === "config-map" || type === "secret";
    if (source !== undefined) return { type, source, readOnly };
  }
  if (entryAt(volume, "emptyDir") === undefined) {
    return { type: "volume", source: name, readOnly: entryAt(volume, "projected") !== undefined };
  }
  const type = textAt(volume, "emptyDir", "medium") === "Memory" ? "tmpfs" : "empty-dir";
  return { type, source: name, readOnly: false };
}

/** What the container says of itself goes before what its pod says. */
function securityOf(file: SourceFile, podSpec: Node, container: Node) {
  const user =
    entryAt(container, "securityContext", "runAsUser") ??
    entryAt(podSpec, "securityContext", "runAsUser");
  const root = entryAt(container, "securityContext", "readOnlyRootFilesystem");
  const readOnly = root?.node.type === "scalar" ? root.node.value : undefined;
  return {
    ...(user?.node.type === "scalar"
      ? { user: { value: user.node.text, at: at(file, user.line) } }
      : {}),
    ...(root !== undefined && typeof readOnly === "boolean"
      ? { readOnlyRoot: { value: readOnly, at: at(file, root.line) } }
      : {}),
  };
}

function memoryOf(file: SourceFile, container: Node) {
  const limit = entryAt(container, "resources", "limits", "memory");
  const request = entryAt(container, "resources", "requests", "memory");
  const most = quantityOf(textAt(container, "resources", "limits", "memory"));
  const least = quantityOf(textAt(container, "resources", "requests", "memory"));
  return {
    ...(limit === undefined || most === undefined
      ? {}
      : { memoryLimitBytes: { value: most, at: at(file, limit.line) } }),
    ...(request === undefined || least === undefined
      ? {}
      : { memoryRequestBytes: { value: least, at: at(file, request.line) } }),
  };
}

function graceOf(file: SourceFile, podSpec: Node) {
  const grace = entryAt(podSpec, "terminationGracePeriodSeconds");
  const seconds = numberAt(podSpec, "terminationGracePeriodSeconds");
  if (grace === undefined || seconds === undefined) return {};
  return { stopGraceMs: { value: seconds * 1000, at: at(file, grace.line) } };
}

function locatedTexts(file: SourceFile, node: Node | undefined) {
  return new Map(
    entriesAt(node).flatMap(([key, entry]): readonly (readonly [string, Located<string>])[] =>
      entry.node.type === "scalar"
        ? [[key, { value: entry.node.text, at: at(file, entry.line) }]]
        : [],
    ),
  );
}
