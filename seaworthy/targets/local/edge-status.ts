import type { ClassCounts, EndpointStatus, GatewayStatus } from "@seaworthy/gateway/control";
import type { EdgeParts } from "../../renderers/edge-parts.ts";
import type { InstanceId } from "../../record/step.ts";

/** What a provider in front of the instances says of itself. */
export interface FrontStatus {
  readonly workerPid: number;
  readonly workers: GatewayStatus["workers"];
  /** Changes when its counters start again from zero. */
  readonly since: string;
  readonly endpoints: readonly FrontEndpoint[];
}

/** As far as the provider can tell; what it cannot is zero, and never guessed. */
export type FrontEndpoint = Pick<
  EndpointStatus,
  "id" | "routed" | "requests" | "failed" | "begun" | "inFlight" | "latency" | "lastRequestWallMs"
>;

/**
 * One status for both: counts are added up, since inner requests go through the gateway and users'
 * through the front; who is healthy the gateway says, and which processes serve users the front.
 */
export function withFront(gateway: GatewayStatus, front: FrontStatus): GatewayStatus {
  return {
    ...gateway,
    workerPid: front.workerPid,
    workers: front.workers,
    since: `${gateway.since} ${front.since}`,
    endpoints: gateway.endpoints.map((inner) => {
      const outer = front.endpoints.find(({ id }) => id === inner.id);
      return outer === undefined ? { ...inner, routed: false } : summed(inner, outer);
    }),
  };
}

/** Both together: requests that came by way of the one, and by way of the other. */
export function summed(inner: EndpointStatus, outer: FrontEndpoint): EndpointStatus {
  const last = [inner, outer].flatMap(({ lastRequestWallMs }) => lastRequestWallMs ?? []);
  return {
    ...inner,
    routed: inner.routed && outer.routed,
    requests: inner.requests + outer.requests,
    failed: addCounts(inner.failed, outer.failed),
    begun: addCounts(inner.begun, outer.begun),
    inFlight: addCounts(inner.inFlight, outer.inFlight),
    latency: {
      boundsMs: inner.latency.boundsMs,
      counts: inner.latency.counts.map((count, at) => count + (outer.latency.counts[at] ?? 0)),
    },
    lastRequestWallMs: last.length === 0 ? undefined : Math.max(...last),
  };
}

function addCounts(one: ClassCounts, other: ClassCounts): ClassCounts {
  return {
    safe: one.safe + other.safe,
    idempotent: one.idempotent + other.idempotent,
    unsafe: one.unsafe + other.unsafe,
    stream: one.stream + other.stream,
  };
}

/**
 * The routed instances that a provider without checks of its own is given: those that pass the
 * gateway's. Where none of a service does, all stay: a broken check must not take it down.
 */
export function fitInstances(
  { instances }: Pick<EdgeParts, "instances">,
  endpoints: readonly Pick<EndpointStatus, "id" | "health">[],
): readonly InstanceId[] {
  const unfit = new Set(
    endpoints
      .filter(({ health }) => health === "unhealthy" || health === "ejected")
      .map(({ id }) => id),
  );
  const routed = instances.filter((one) => one.routed);
  const fit = routed.filter(({ id }) => !unfit.has(id));
  const served = new Set(fit.map(({ unit }) => unit));
  return routed.filter(({ id, unit }) => !unfit.has(id) || !served.has(unit)).map(({ id }) => id);
}
