import type { EndpointStatus, GatewayStatus } from "@seaworthy/gateway/control";
import type { Measured, MeasuredInstance } from "../target.ts";

/** Cumulative counts of one unit's instances, as the edge keeps them; pure. */
export function measured(gateway: GatewayStatus, unit: string): Measured {
  return {
    since: gateway.since,
    instances: gateway.endpoints.filter(({ pool }) => pool === unit).map(measuredInstance),
  };
}

function measuredInstance(endpoint: EndpointStatus): MeasuredInstance {
  const { id, release, requests, failed, inFlight, latency, lastRequestWallMs } = endpoint;
  return { instance: id, release, requests, failed, inFlight, latency, lastRequestWallMs };
}
