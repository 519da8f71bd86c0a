import type { Documents } from "../document.ts";
import type { HostName } from "../fact.ts";
import { itemsAt, nodeAt, numberAt, textAt } from "../node.ts";
import { at } from "../source.ts";
import type { KubeObject } from "./kubernetes.ts";
import { objectsOf } from "./objects.ts";
import { labelsAt, mayShare, workloadsOf, type Workload } from "./workloads.ts";

/** Services proper; Knative has a kind of that name, too. */
export function servicesOf(documents: Documents): readonly KubeObject[] {
  const found = known.get(documents);
  if (found !== undefined) return found;
  const made = objectsOf(documents).filter(
    ({ kind, apiVersion }) => kind === "Service" && apiVersion === "v1",
  );
  known.set(documents, made);
  return made;
}

const known = new WeakMap<Documents, readonly KubeObject[]>();

/** Workloads whose pods a Service takes; undefined where it selects nothing by labels. */
export function behind(documents: Documents, service: KubeObject): readonly Workload[] | undefined {
  const found = selected.get(service);
  if (found !== undefined) return found;
  const selector = [...labelsAt(service.root, "spec", "selector")];
  if (selector.length === 0) return undefined;
  const made = workloadsOf(documents).filter(
    ({ object, podLabels }) =>
      mayShare(object.namespace, service.namespace) &&
      selector.every(([key, value]) => podLabels.get(key) === value),
  );
  selected.set(service, made);
  return made;
}

/** Each set of documents has objects of its own, so that a Service stands for its documents too. */
const selected = new WeakMap<KubeObject, readonly Workload[]>();

export interface ServicePort {
  readonly line: number;
  readonly port: number;
  readonly name: string | undefined;
  readonly to: number | string;
}

export function servicePorts({ root }: KubeObject): readonly ServicePort[] {
  return itemsAt(root, "spec", "ports").flatMap((item) => {
    const port = numberAt(item, "port");
    if (port === undefined) return [];
    const to = numberAt(item, "targetPort") ?? textAt(item, "targetPort") ?? port;
    return [{ line: item.line, port, name: textAt(item, "name"), to }];
  });
}

/** Services as names that resolve in the cluster. */
export function hostNameFacts(documents: Documents): readonly HostName[] {
  return servicesOf(documents).map((service) => {
    const { namespace, name, file } = service;
    const workloads = behind(documents, service) ?? [];
    const line = nodeAt(service.root, "metadata", "name")?.line ?? service.line;
    return {
      kind: "host-name",
      at: at(file, line),
      name,
      ...(namespace === undefined ? {} : { namespace }),
      platform: "kubernetes",
      components: [...new Set(workloads.map(({ object }) => object.name))],
      ports: servicePorts(service).map(({ port, to }) => ({ port, to })),
    };
  });
}
