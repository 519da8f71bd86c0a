import type { Clock } from "@seaworthy/std/clock";
import type { EndpointStatus } from "./control.ts";
import type { Endpoint } from "./endpoint.ts";

export function endpointStatus(endpoint: Endpoint, clock: Clock): EndpointStatus {
  const { id, release, routed } = endpoint.config;
  const last = endpoint.lastRequestMs;
  return {
    id,
    pool: endpoint.pool,
    release,
    routed,
    health: endpoint.health,
    ejected: endpoint.ejected(clock),
    lastProbe: endpoint.lastProbe,
    requests: endpoint.requests,
    failed: { ...endpoint.failed },
    begun: { ...endpoint.begunCounts },
    inFlight: { ...endpoint.inFlightCounts },
    latency: { boundsMs: endpoint.latency.boundsMs, counts: [...endpoint.latency.counts] },
    lastRequestWallMs: last === undefined ? undefined : clock.wall() - (clock.now() - last),
  };
}
