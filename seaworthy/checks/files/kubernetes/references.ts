import { itemsAt, nodeAt, textAt, type Node } from "../../../facts/node.ts";
import type { KubeObject } from "../../../facts/kubernetes/kubernetes.ts";
import { ofKind } from "../../../facts/kubernetes/objects.ts";
import { workloadsOf, type Workload } from "../../../facts/kubernetes/workloads.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import { ingressRoutes } from "../../../facts/kubernetes/ingress.ts";
import type { Wanted } from "./provided.ts";

/** One object names another. */
export interface Reference extends Wanted {
  readonly from: KubeObject;
  readonly at: Location;
  /** A key inside it that is needed too. */
  readonly key?: string;
  /** How the sentence calls it: `/trade` of an Ingress. */
  readonly through?: string;
}

/** Everything that pods, Ingresses and autoscalers name and cannot do without. */
export function referencesOf(unit: Unit): readonly Reference[] {
  return [
    ...workloadsOf(unit.documents).flatMap(ofWorkload),
    ...ingressRoutes(unit.documents).flatMap((route): readonly Reference[] => {
      const { ingress, service, serviceLine, path, namespace } = route;
      if (service === undefined) return [];
      const place = at(ingress.file, serviceLine);
      return [
        { from: ingress, at: place, kind: "Service", name: service, namespace, through: path },
      ];
    }),
    ...ofKind(unit.documents, "HorizontalPodAutoscaler").flatMap(ofAutoscaler),
  ].filter(({ from }) => !from.template);
}

function ofAutoscaler(scaler: KubeObject): readonly Reference[] {
  const target = nodeAt(scaler.root, "spec", "scaleTargetRef");
  const kind = textAt(target, "kind");
  const name = textAt(target, "name");
  if (target === undefined || kind === undefined || name === undefined) return [];
  const { file, namespace } = scaler;
  return [{ from: scaler, at: at(file, target.line), kind, name, namespace }];
}

function ofWorkload(workload: Workload): readonly Reference[] {
  const { object, podSpec, containers, initContainers } = workload;
  const all = [...containers, ...initContainers].slice(0, 100);
  const { namespace, file } = object;
  const account = textAt(podSpec, "serviceAccountName");
  // A StatefulSet's own claims take the place of a volume of that name.
  const claimed = itemsAt(object.root, "spec", "volumeClaimTemplates").map((claim) =>
    textAt(claim, "metadata", "name"),
  );
  const own = (kind: string, name: string, node: Node): Reference => ({
    from: object,
    at: at(file, node.line),
    kind,
    name,
    namespace,
  });
  return [
    ...all.flatMap((container) => ofContainer(object, container)),
    ...itemsAt(podSpec, "volumes")
      .filter((volume) => !claimed.includes(textAt(volume, "name")))
      .flatMap((volume) => ofVolume(object, volume)),
    ...(account === undefined || account === "default"
      ? []
      : [own("ServiceAccount", account, nodeAt(podSpec, "serviceAccountName") ?? podSpec)]),
  ];
}

/** Keys of `env` and `envFrom`, and the kind that each names. */
const SOURCES = [
  ["ConfigMap", "configMapRef", "configMapKeyRef"],
  ["Secret", "secretRef", "secretKeyRef"],
] as const;

function ofContainer(from: KubeObject, container: Node): readonly Reference[] {
  return SOURCES.flatMap(([kind, whole, oneKey]) => [
    ...itemsAt(container, "envFrom").flatMap((item) => named(from, kind, nodeAt(item, whole))),
    ...itemsAt(container, "env").flatMap((item) => {
      const source = nodeAt(item, "valueFrom", oneKey);
      const key = textAt(source, "key");
      return named(from, kind, source).map((one) => (key === undefined ? one : { ...one, key }));
    }),
  ]);
}

function ofVolume(from: KubeObject, volume: Node): readonly Reference[] {
  const claim = nodeAt(volume, "persistentVolumeClaim");
  return [
    ...named(from, "ConfigMap", nodeAt(volume, "configMap")),
    ...named(from, "Secret", nodeAt(volume, "secret"), "secretName"),
    ...named(from, "PersistentVolumeClaim", claim, "claimName"),
  ];
}

function named(
  from: KubeObject,
  kind: string,
  ...[source, key = "name"]: readonly [Node | undefined, string?]
): readonly Reference[] {
  const name = textAt(source, key);
  if (source === undefined || name === undefined || textAt(source, "optional") === "true")
    return [];
  const line = nodeAt(source, key)?.line ?? source.line;
  return [{ from, at: at(from.file, line), kind, name, namespace: from.namespace }];
}
