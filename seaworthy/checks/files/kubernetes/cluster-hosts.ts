import type { Call, Component } from "../../../facts/fact.ts";
import type { KubeObject } from "../../../facts/kubernetes/kubernetes.ts";
import { objectsOf } from "../../../facts/kubernetes/objects.ts";
import { servicesOf } from "../../../facts/kubernetes/services.ts";
import { mayShare } from "../../../facts/kubernetes/workloads.ts";
import type { Unit } from "../../../facts/unit.ts";
import { isPlainName, isProvided } from "./provided.ts";

/** What a host in the settings of a pod turns out to be. */
export type ClusterHost =
  | { readonly state: "service"; readonly service: KubeObject }
  /** A domain, an address, or something that is made elsewhere. */
  | { readonly state: "outside" }
  | { readonly state: "other-platform"; readonly component: Component }
  | { readonly state: "missing" };

/** Names that are there without any file. */
const BUILT_IN = new Set(["localhost", "kubernetes", "kubernetes.default", "host.docker.internal"]);

/** Looks a host up as a pod of this namespace does. */
export function clusterHost(unit: Unit, call: Call, namespace: string | undefined): ClusterHost {
  const [name = "", given, third] = call.host.split(".");
  const isFull = third === "svc";
  if (BUILT_IN.has(call.host) || (call.host.includes(".") && !isFull)) return { state: "outside" };
  if (!isPlainName(name) || !/[a-z]/.test(name)) return { state: "outside" };
  const within = isFull ? given : namespace;
  // A full name means the same from wherever in the cluster it is asked.
  const service = servicesOf(isFull ? unit.repository.documents : unit.documents).find(
    (candidate) => candidate.name === name && mayShare(candidate.namespace, within),
  );
  if (service !== undefined) return { state: "service", service };
  const component = composeService(unit, name);
  if (component !== undefined && !isFull) return { state: "other-platform", component };
  return isMadeElsewhere(unit, call, name) ? { state: "outside" } : { state: "missing" };
}

function composeService(unit: Unit, name: string): Component | undefined {
  return unit.repository.facts
    .of("component")
    .find(({ platform, hostNames }) => platform === "compose" && hostNames.includes(name));
}

/** A Service of another unit, or of an operator; or a pod that calls itself by its own name. */
function isMadeElsewhere(unit: Unit, call: Call, name: string): boolean {
  const own = call.component === name;
  const hosts = objectsOf(unit.documents).flatMap(({ root }) => hostAliases(root));
  return own || hosts.includes(name) || isProvided(unit, { kind: "Service", name, namespace: "" });
}

function hostAliases(root: KubeObject["root"]): readonly string[] {
  const spec = root.type === "map" ? root.entries.get("spec")?.node : undefined;
  const name = spec?.type === "map" ? spec.entries.get("hostname")?.node : undefined;
  return name?.type === "scalar" ? [name.text] : [];
}

/** Traces, logs and figures are sent on the side: programs run on when nobody takes them. */
export function isTelemetry(host: string): boolean {
  return TELEMETRY.test(host);
}

const TELEMETRY =
  /jaeger|zipkin|tempo|otel|opentelemetry|collector|agent|statsd|telegraf|datadog|fluent|alloy/i;

/** What stands behind `s3://` is a bucket, behind `file://` a path. */
const STORAGE = /^(?:s3a?|s3n|gs|gcs|abfss?|wasbs?|azblob|oss|cos|b2|file|hdfs|docker|oci|arn)$/;

interface Configured {
  readonly call: Call;
  readonly namespace: string | undefined;
}

const known = new WeakMap<Unit, readonly Configured[]>();

/** The calls that pods are configured to make, with the namespace they are made from. */
export function configuredCalls(unit: Unit): readonly Configured[] {
  const found = known.get(unit);
  if (found !== undefined) return found;
  const namespaces = new Map(
    objectsOf(unit.documents).map(({ file, namespace }) => [file.path, namespace]),
  );
  const made = unit.facts
    .of("call")
    .filter(
      ({ via, scope, scheme }) =>
        via === "configuration" && scope === "cluster" && !STORAGE.test(scheme ?? ""),
    )
    .map((call) => ({ call, namespace: namespaces.get(call.at.as ?? call.at.file) }));
  known.set(unit, made);
  return made;
}
