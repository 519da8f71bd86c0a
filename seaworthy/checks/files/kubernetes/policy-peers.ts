import type { Documents } from "../../../facts/document.ts";
import { itemsAt, textAt, type Node } from "../../../facts/node.ts";
import {
  allowsPort,
  namespaceLabels,
  peerOf,
  takesAll,
  type Peer,
  type Policy,
  type PolicyRule,
} from "../../../facts/kubernetes/network-policy.ts";
import { labelsAt, mayShare, selects, type Workload } from "../../../facts/kubernetes/workloads.ts";

/** A policy's rule, and the policy that it stands in. */
export interface Allowed {
  readonly policy: Policy;
  readonly rule: PolicyRule;
}

/** What all policies of a pod together let in or out; undefined: nothing restricts it. */
export function union(
  policies: readonly Policy[],
  direction: "ingress" | "egress",
): readonly Allowed[] | undefined {
  const restricting = policies.filter((policy) => policy[direction] !== undefined);
  if (restricting.length === 0) return undefined;
  return restricting.flatMap((policy) =>
    (policy[direction] ?? []).map((rule) => ({ policy, rule })),
  );
}

/** True where some rule lets this port through to or from a peer that meets the test. */
export function lets(
  allowed: readonly Allowed[],
  port: Parameters<typeof allowsPort>[1],
  isMeant: (peer: Peer, policy: Policy) => boolean,
): boolean {
  return allowed.some(({ rule, policy }) => allowsPort(rule, port) && meets(rule, policy, isMeant));
}

function meets(
  { peers }: PolicyRule,
  policy: Policy,
  isMeant: (peer: Peer, policy: Policy) => boolean,
): boolean {
  return peers === undefined || peers.some((peer) => isMeant(peerOf(peer), policy));
}

/** True where a peer takes the pods of this workload. */
export function takesWorkload(
  documents: Documents,
  workload: Workload,
): (peer: Peer, policy: Policy) => boolean {
  const { namespace } = workload.object;
  return (peer, policy) => {
    if (peer.type === "addresses") return true;
    if (peer.pods !== undefined && !selects(peer.pods, workload.podLabels)) return false;
    if (peer.namespaces === undefined) return mayShare(policy.object.namespace, namespace);
    if (takesAll(peer.namespaces) || namespace === undefined) return true;
    return selects(peer.namespaces, namespaceLabels(documents, namespace));
  };
}

/** Where the cluster's DNS runs. */
const DNS_NAMESPACES = ["kube-system", "openshift-dns"];

/** True where a peer may be the cluster's DNS; a label that somebody sets by hand may be right. */
export function mayBeDns(peer: Peer, { object }: Policy): boolean {
  if (peer.type === "addresses") return true;
  if (peer.namespaces === undefined) return DNS_NAMESPACES.includes(object.namespace ?? "");
  const values = textsOf(peer.namespaces);
  return takesAll(peer.namespaces) || values.some((value) => DNS_NAMESPACES.includes(value));
}

/** True where a peer may be an ingress controller, which runs in a namespace of its own. */
export function mayBeController(peer: Peer): boolean {
  if (peer.type === "addresses" || peer.namespaces !== undefined) return true;
  return takesAll(peer.pods) || textsOf(peer.pods).some((text) => CONTROLLER.test(text));
}

const CONTROLLER =
  /ingress|nginx|traefik|haproxy|gateway|proxy|istio|kong|envoy|contour|lb|router/i;
const MONITORING = /monitor|prometheus|observ|metric|scrape|victoria|agent|telemetry|grafana/i;

/** True where a peer may be Prometheus. */
export function mayBePrometheus(peer: Peer): boolean {
  if (peer.type === "addresses") return true;
  const named = [...textsOf(peer.namespaces), ...textsOf(peer.pods)].some((text) =>
    MONITORING.test(text),
  );
  return named || (takesAll(peer.namespaces) && takesAll(peer.pods));
}

/** Every value that a selector names. */
function textsOf(selector: Node | undefined): readonly string[] {
  return [
    ...labelsAt(selector, "matchLabels").values(),
    ...itemsAt(selector, "matchExpressions").flatMap((expression) => [
      textAt(expression, "key") ?? "",
      ...itemsAt(expression, "values").flatMap((value) =>
        value.type === "scalar" ? [value.text] : [],
      ),
    ]),
  ];
}
