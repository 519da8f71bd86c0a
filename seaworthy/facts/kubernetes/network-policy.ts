import type { Documents } from "../document.ts";
import { entryAt, itemsAt, nodeAt, numberAt, textAt, type Node } from "../node.ts";
import type { KubeObject } from "./kubernetes.ts";
import { ofKind } from "./objects.ts";
import { labelsAt, mayShare, selects, type Workload } from "./workloads.ts";

/** A NetworkPolicy that takes some pods. */
export interface Policy {
  readonly object: KubeObject;
  readonly ingress: readonly PolicyRule[] | undefined;
  readonly egress: readonly PolicyRule[] | undefined;
  /** Lines of `ingress:` and `egress:`, or of the policy where they are left out. */
  readonly lines: { readonly ingress: number; readonly egress: number };
}

export interface PolicyRule {
  readonly line: number;
  /** Undefined: everybody. */
  readonly peers: readonly Node[] | undefined;
  /** Undefined: every port. */
  readonly ports: readonly Node[] | undefined;
}

/** The policies that take a workload's pods; what they allow adds up. */
export function policiesFor(documents: Documents, workload: Workload): readonly Policy[] {
  const { object, podLabels } = workload;
  return ofKind(documents, "NetworkPolicy")
    .filter(
      (policy) =>
        mayShare(policy.namespace, object.namespace) &&
        !policy.template &&
        selects(nodeAt(policy.root, "spec", "podSelector"), podLabels),
    )
    .map(policyOf);
}

function policyOf(object: KubeObject): Policy {
  const { root, line } = object;
  const types = itemsAt(root, "spec", "policyTypes").flatMap((item) =>
    item.type === "scalar" ? [item.text] : [],
  );
  const egress = entryAt(root, "spec", "egress");
  const ingress = entryAt(root, "spec", "ingress");
  // Without types a policy is one for what comes in, and for what goes out only if it says so.
  const isIngress = types.length === 0 || types.includes("Ingress");
  const isEgress = types.length === 0 ? egress !== undefined : types.includes("Egress");
  return {
    object,
    ingress: isIngress ? rulesAt(root, "ingress", "from") : undefined,
    egress: isEgress ? rulesAt(root, "egress", "to") : undefined,
    lines: { ingress: ingress?.line ?? line, egress: egress?.line ?? line },
  };
}

function rulesAt(root: Node, direction: string, of: "from" | "to"): readonly PolicyRule[] {
  return itemsAt(root, "spec", direction).map((rule) => {
    const peers = itemsAt(rule, of);
    const ports = itemsAt(rule, "ports");
    return {
      line: rule.line,
      peers: peers.length === 0 ? undefined : peers,
      ports: ports.length === 0 ? undefined : ports,
    };
  });
}

/** True where a rule lets this port through, by number or by the container's name for it. */
export function allowsPort(
  { ports }: PolicyRule,
  wanted: { readonly port: number; readonly name?: string | undefined; readonly udp?: boolean },
): boolean {
  if (ports === undefined) return true;
  return ports.some((item) => {
    const protocol = textAt(item, "protocol") ?? "TCP";
    if (wanted.udp !== undefined && (protocol === "UDP") !== wanted.udp) return false;
    const from = numberAt(item, "port");
    if (from === undefined) {
      const named = textAt(item, "port");
      return named === undefined || named === wanted.name || named === String(wanted.port);
    }
    return wanted.port >= from && wanted.port <= (numberAt(item, "endPort") ?? from);
  });
}

/** What a peer of a policy can match: addresses outside or pods, of this namespace or another. */
export type Peer =
  | { readonly type: "addresses"; readonly cidr: string }
  | {
      readonly type: "pods";
      /** Undefined: the policy's own namespace alone. */
      readonly namespaces: Node | undefined;
      readonly pods: Node | undefined;
    };

export function peerOf(node: Node): Peer {
  const cidr = textAt(node, "ipBlock", "cidr");
  if (cidr !== undefined) return { type: "addresses", cidr };
  return {
    type: "pods",
    namespaces: nodeAt(node, "namespaceSelector"),
    pods: nodeAt(node, "podSelector"),
  };
}

/** True where a selector names nothing and so takes all. */
export function takesAll(selector: Node | undefined): boolean {
  return (
    labelsAt(selector, "matchLabels").size === 0 &&
    itemsAt(selector, "matchExpressions").length === 0
  );
}

/** The labels of a namespace, the one that Kubernetes sets itself among them. */
export function namespaceLabels(documents: Documents, name: string): ReadonlyMap<string, string> {
  const own = ofKind(documents, "Namespace").find((namespace) => namespace.name === name);
  return new Map([
    ...labelsAt(own?.root, "metadata", "labels"),
    ["kubernetes.io/metadata.name", name],
  ]);
}
