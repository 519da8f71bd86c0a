import type { Call } from "../../../facts/fact.ts";
import { ingressRoutes } from "../../../facts/kubernetes/ingress.ts";
import { policiesFor, type Policy } from "../../../facts/kubernetes/network-policy.ts";
import { objectsOf } from "../../../facts/kubernetes/objects.ts";
import { behind, servicePorts, servicesOf } from "../../../facts/kubernetes/services.ts";
import { mayShare, workloadsOf, type Workload } from "../../../facts/kubernetes/workloads.ts";
import { itemsAt, numberAt, textAt } from "../../../facts/node.ts";
import type { KubeObject } from "../../../facts/kubernetes/kubernetes.ts";
import { isOptional } from "../../../facts/kubernetes/kustomization.ts";
import { at, folderOf, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "../monitoring/listing.ts";
import { clusterHost, configuredCalls } from "./cluster-hosts.ts";
import { unsetLabels } from "./policy-labels.ts";
import { outsideHosts } from "./policy-outside.ts";
import { lets, mayBeController, mayBeDns, mayBePrometheus } from "./policy-peers.ts";
import { takesWorkload, union, type Allowed } from "./policy-peers.ts";
import { scrapesOf } from "./policy-scrapes.ts";

export const networkPolicyBlocksDeclaredFlow: FileRule = {
  name: "network-policy-blocks-declared-flow",
  summary: "network policies forbid a connection that other files need",
  check: (unit) => {
    if (hasOtherPolicies(unit)) return [];
    return [
      ...workloadsOf(unit.documents).flatMap((workload) => {
        const policies = policiesFor(unit.documents, workload);
        if (policies.length === 0 || isSample(workload.object.file.path)) return [];
        if (hasUnknownLabels(workload)) return [];
        const here: Here = { unit, workload, policies };
        return [
          ...noDns(here),
          ...notOutside(here),
          ...notToServices(here),
          ...notFromController(here),
          ...notFromPrometheus(here),
        ];
      }),
      ...unsetLabels(unit),
    ];
  },
};

/** A template makes the labels: which other policies take its pods is not known. */
function hasUnknownLabels({ object, podLabels }: Workload): boolean {
  const values = [...podLabels].flat();
  return (object.template && podLabels.size === 0) || values.some((text) => /[‹›]|\{\{/.test(text));
}

/** Cilium's and Calico's own policies add to these, and are not read. */
function hasOtherPolicies(unit: Unit): boolean {
  return objectsOf(unit.documents).some(
    ({ kind }) => kind.endsWith("NetworkPolicy") && kind !== "NetworkPolicy",
  );
}

interface Here {
  readonly unit: Unit;
  readonly workload: Workload;
  readonly policies: readonly Policy[];
}

function lineOf({ object, lines }: Policy, direction: "ingress" | "egress"): Location {
  return at(object.file, lines[direction]);
}

/** The policies that restrict a direction; the first one is the line to mend. */
function placesOf(
  policies: readonly Policy[],
  direction: "ingress" | "egress",
): readonly [Location, ...Location[]] | undefined {
  const [first, ...others] = policies
    .filter((policy) => policy[direction] !== undefined)
    .map((policy) => lineOf(policy, direction));
  return first === undefined ? undefined : [first, ...others];
}

function noDns({ unit, workload, policies }: Here): readonly Found[] {
  const out = union(policies, "egress");
  const places = placesOf(policies, "egress");
  if (out === undefined || places === undefined) return [];
  const calls = callsOf(unit, workload);
  // Pods that may talk to nobody and are told to call nobody are shut off on purpose.
  if (out.length === 0 && calls.length === 0) return [];
  if (lets(out, { port: 53 }, mayBeDns)) return [];
  const { name } = workload.object;
  return [
    {
      severity: "error",
      message: `policies let ${name} out, but not to DNS (port 53): no name resolves in its pods`,
      places: [...places, at(workload.object.file, workload.object.line)],
      why:
        "every connection by name fails, also the ones that the policy allows: the pods cannot " +
        "reach a database or an API from the moment the policy is applied",
      fix:
        "add an egress rule to namespaceSelector kubernetes.io/metadata.name: kube-system with " +
        "ports 53/UDP and 53/TCP",
      cause: `policy-dns ${places[0].file}:${String(places[0].line)}`,
    },
  ];
}

function callsOf(unit: Unit, { object }: Workload): readonly Call[] {
  return unit.facts
    .of("call")
    .filter(({ via, component }) => via === "configuration" && component === object.name);
}

/** A selector of namespaces never takes an address outside the cluster. */
function notOutside({ unit, workload, policies }: Here): readonly Found[] {
  const out = union(policies, "egress");
  const places = placesOf(policies, "egress");
  if (out === undefined || places === undefined) return [];
  const blocked = outsideHosts(unit).filter(({ port, component }) => {
    if (lets(out, { port, udp: false }, ({ type }) => type === "addresses")) return false;
    const isMeant = lets(out, { port, udp: false }, () => true);
    return component === workload.object.name || (component === undefined && isMeant);
  });
  const [first] = blocked;
  if (first === undefined) return [];
  const ports = [...new Set(blocked.map(({ port }) => port))];
  const rule = out.find((one) => ports.some((port) => lets([one], { port }, () => true)));
  const hosts = listed(blocked.map(({ host, port }) => `${host}:${String(port)}`));
  const isOwn = blocked.some(({ component }) => component !== undefined);
  return [
    {
      severity: isOwn ? "error" : "warning",
      message:
        rule === undefined
          ? `no policy lets ${workload.object.name} out to ${hosts}`
          : `the policy lets port ${ports.join(", ")} out to pods alone, but ${hosts} is outside ` +
            "the cluster: a namespaceSelector never matches an outside address",
      places: [ruleAt(rule) ?? places[0], ...blocked.slice(0, 6).map((one) => one.at)],
      why: "connections to the database, cache or API hang until they time out, from the first day",
      fix:
        `add an egress rule with ports ${ports.join(", ")} and either no \`to\` or an ipBlock ` +
        "(0.0.0.0/0 without the cluster's own ranges)",
    },
  ];
}

function ruleAt(allowed: Allowed | undefined): Location | undefined {
  return allowed === undefined ? undefined : at(allowed.policy.object.file, allowed.rule.line);
}

/** Pods of one workload that call a Service: their way out and the other's way in. */
function notToServices({ unit, workload, policies }: Here): readonly Found[] {
  const seen = new Set<string>();
  return configuredCalls(unit).flatMap(({ call, namespace }): readonly Found[] => {
    if (call.component !== workload.object.name) return [];
    const host = clusterHost(unit, call, namespace);
    if (host.state !== "service" || seen.has(host.service.name)) return [];
    seen.add(host.service.name);
    const targets = behind(unit.documents, host.service) ?? [];
    const to = servicePorts(host.service).find(({ port }) => port === call.port);
    const [target] = targets;
    if (target === undefined || to === undefined || target === workload) return [];
    if (isElsewhere(call, target)) return [];
    const port = portOf(target, to.to);
    if (port === undefined) return [];
    const out = union(policies, "egress");
    const isOut = out === undefined || lets(out, port, takesWorkload(unit.documents, target));
    const theirs = policiesFor(unit.documents, target);
    const into = union(theirs, "ingress");
    const isIn = into === undefined || lets(into, port, takesWorkload(unit.documents, workload));
    const places = isOut ? placesOf(theirs, "ingress") : placesOf(policies, "egress");
    if ((isOut && isIn) || places === undefined) return [];
    if (
      isOptionalPart(
        unit,
        [...policies, ...theirs].map(({ object }) => object),
      )
    )
      return [];
    return [flowFound({ call, from: workload, target, port: port.port, places })];
  });
}

/** The name says another namespace than the one that is known of the workload found. */
function isElsewhere({ host }: Call, { object }: Workload): boolean {
  const said = /^[\w-]+\.([\w-]+)\.svc\b/.exec(host)?.[1];
  return said !== undefined && said !== object.namespace;
}

/** Parts that an overlay may take in or leave out, so that which are together is not known. */
function isOptionalPart(unit: Unit, objects: readonly KubeObject[]): boolean {
  const folders = unit.repository.documents
    .of("kustomization")
    .filter(isOptional)
    .map(({ file }) => `${folderOf(file.path)}/`);
  return objects.some(({ file }) => folders.some((folder) => file.path.startsWith(folder)));
}

interface Flow {
  readonly call: Call;
  readonly from: Workload;
  readonly target: Workload;
  readonly port: number;
  readonly places: readonly [Location, ...Location[]];
}

function flowFound({ call, from, target, port, places }: Flow): Found {
  const [caller, called] = [from.object.name, target.object.name];
  return {
    severity: "error",
    message:
      `${caller} is told to call ${call.host}, ` +
      `and no policy lets it reach ${called} on port ${String(port)}`,
    places: [places[0], call.at, ...places.slice(1)],
    why: "the connection hangs until it times out, from the moment the policies are applied",
    fix:
      `allow ${caller} → ${called} on port ${String(port)}, in the egress of the one and the ` +
      "ingress of the other; ports of a policy are the pod's, not the Service's",
  };
}

interface Port {
  readonly port: number;
  readonly name?: string | undefined;
}

/** A port of a workload's containers, by number or name. */
function portOf({ containers }: Workload, wanted: number | string): Port | undefined {
  const ports = containers.flatMap((container) => itemsAt(container, "ports"));
  const found = ports.find((item) =>
    typeof wanted === "number"
      ? numberAt(item, "containerPort") === wanted
      : textAt(item, "name") === wanted,
  );
  const port =
    numberAt(found, "containerPort") ?? (typeof wanted === "number" ? wanted : undefined);
  return port === undefined ? undefined : { port, name: textAt(found, "name") };
}

function notFromController({ unit, workload, policies }: Here): readonly Found[] {
  const into = union(policies, "ingress");
  const places = placesOf(policies, "ingress");
  if (into === undefined || places === undefined) return [];
  for (const route of ingressRoutes(unit.documents)) {
    const service = servicesOf(unit.documents).find(
      ({ name, namespace }) => name === route.service && mayShare(namespace, route.namespace),
    );
    if (service === undefined || !(behind(unit.documents, service) ?? []).includes(workload))
      continue;
    const ports = servicePorts(service);
    const to = ports.find(({ port, name }) => port === route.port || name === route.port);
    const port = portOf(workload, to?.to ?? ports[0]?.to ?? 0);
    if (port === undefined || lets(into, port, mayBeController)) continue;
    const { name } = workload.object;
    return [
      {
        severity: "error",
        message:
          `Ingress ${route.ingress.name} sends requests to ${name} on port ${String(port.port)}, ` +
          "and no policy lets the ingress controller reach it",
        places: [...places, at(route.ingress.file, route.serviceLine)],
        why: "every request from outside ends in 504 as soon as the policy is applied",
        fix:
          `add an ingress rule for port ${String(port.port)} from the controller's namespace ` +
          "(kubernetes.io/metadata.name); ports of a policy are the pod's, not the Service's",
      },
    ];
  }
  return [];
}

function notFromPrometheus({ unit, workload, policies }: Here): readonly Found[] {
  const into = union(policies, "ingress");
  const places = placesOf(policies, "ingress");
  const [scrape] = scrapesOf(unit, workload);
  if (into === undefined || places === undefined || scrape === undefined) return [];
  const ports = workload.containers
    .flatMap((container) => itemsAt(container, "ports"))
    .flatMap((item) => numberAt(item, "containerPort") ?? []);
  const wanted = scrape.port === undefined ? ports : [scrape.port];
  if (wanted.some((port) => lets(into, { port, udp: false }, mayBePrometheus))) return [];
  if (wanted.length === 0) return [];
  const { name } = workload.object;
  return [
    {
      severity: "warning",
      message: `Prometheus (${scrape.by}) scrapes the pods of ${name}, and no policy lets it in`,
      places: [...places, scrape.at],
      why: "all targets are down: every alert on this application stays silent during an outage",
      fix: `add an ingress rule from Prometheus's namespace to port ${wanted.join(", ")}`,
    },
  ];
}
