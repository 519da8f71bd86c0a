import type { EndpointStatus, GatewayStatus } from "@seaworthy/gateway/control";
import type { InstanceId } from "../../record/step.ts";
import type { Measured, MeasuredInstance } from "../target.ts";

/** Cumulative counts of one unit's instances, as the edge keeps them, and their memory; pure. */
export function measured(
  gateway: GatewayStatus,
  unit: string,
  memory: ReadonlyMap<InstanceId, number>,
): Measured {
  const ours = gateway.endpoints.filter(({ pool }) => pool === unit);
  return {
    since: gateway.since,
    instances: ours.map((endpoint) => {
      const memoryBytes = memory.get(endpoint.id);
      return { ...counts(endpoint), ...(memoryBytes === undefined ? {} : { memoryBytes }) };
    }),
  };
}

function counts(endpoint: EndpointStatus): MeasuredInstance {
  const { id, release, requests, failed, inFlight, latency, lastRequestWallMs } = endpoint;
  return { instance: id, release, requests, failed, inFlight, latency, lastRequestWallMs };
}
