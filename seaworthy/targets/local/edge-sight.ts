import type { EndpointStatus, GatewayStatus } from "@seaworthy/gateway/control";
import { deadline, type Clock } from "@seaworthy/std/clock";
import { summed, withFront, type FrontEndpoint, type FrontStatus } from "./edge-status.ts";
import { readHaproxyLine, readNginxLine, type ReadLine } from "./front-log.ts";
import { FrontTally, type Tallied } from "./front-tally.ts";
import { gatewayControl } from "./gateway-control.ts";
import { haproxyControl } from "./haproxy-control.ts";
import { seeHaproxy } from "./haproxy-sight.ts";
import { logFileOf } from "./log-files.ts";
import { seeNginx } from "./nginx-sight.ts";
import { servedNotAfter } from "./served-certificate.ts";
import type { StateFolder } from "./state-folder.ts";
import { edgeSocket, frontFolder, frontInstance, frontSocket } from "./supervisor/paths.ts";
import type { FrontRecord, SupervisorState } from "./supervisor/state.ts";

/** The edge answers from memory; a longer silence says more than its figures would. */
const EDGE_ANSWER_MS = 5_000;

/** What was seen of the whole edge just now. */
export interface SeenEdge {
  /** Undefined: the gateway does not answer. */
  readonly status: GatewayStatus | undefined;
  /** Whoever takes users' requests answers. */
  readonly ready: boolean;
  /** Of a provider in front: what its first listener serves, RFC 3339. */
  readonly notAfter?: string | undefined;
}

export interface EdgePlace {
  readonly folder: StateFolder;
  readonly state: SupervisorState | undefined;
  readonly clock: Clock;
}

/** Asks the edge itself, without a supervisor: the gateway, and the provider in front of it. */
export async function seeEdge(place: EdgePlace, signal: AbortSignal): Promise<SeenEdge> {
  const gateway = await seeGateway(place, signal);
  const wanted = place.state?.graph?.edge?.provider ?? "gateway";
  if (gateway === undefined || wanted === "gateway") {
    return { status: gateway, ready: gateway !== undefined };
  }
  const seen = await seeFront(place, wanted).catch(() => undefined);
  if (seen === undefined) return { status: gateway, ready: false };
  return { status: withFront(gateway, seen), ready: true, notAfter: await expiryOf(place) };
}

async function expiryOf({ state }: EdgePlace): Promise<string | undefined> {
  const listen = state?.graph?.edge?.listen[0];
  const port = state?.ports.public[0];
  if (state?.graph?.edge?.tls === undefined || listen === undefined || port === undefined) {
    return undefined;
  }
  return await servedNotAfter(listen.host, port);
}

async function seeGateway({ folder }: EdgePlace, signal: AbortSignal) {
  try {
    const limit = deadline(EDGE_ANSWER_MS, "the edge's status", signal);
    return await gatewayControl(edgeSocket(folder)).status(limit);
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

async function seeFront(
  { folder, clock }: EdgePlace,
  provider: FrontRecord["provider"],
): Promise<FrontStatus | undefined> {
  const socket = frontSocket(folder, provider);
  switch (provider) {
    case "haproxy":
      return await seeHaproxy(haproxyControl(socket), clock);
    case "nginx":
      return await seeNginx({ folder: frontFolder(folder, provider), socket });
  }
}

/**
 * Counts for one client of the target, over all its looks: neither HAProxy nor nginx keeps
 * latencies by instance, and nginx no counts at all, so their access logs are read on.
 */
export class FrontCounts {
  #tally: FrontTally | undefined;
  #provider: FrontRecord["provider"] | undefined;

  /** The same status with what the log says; as it is where the gateway is the whole edge. */
  async addTo(
    status: GatewayStatus,
    { folder, state }: Pick<EdgePlace, "folder" | "state">,
  ): Promise<GatewayStatus> {
    const provider = state?.front?.provider;
    if (provider === undefined) return status;
    if (this.#tally === undefined || this.#provider !== provider) {
      const file = { instance: frontInstance(provider), stream: "stdout" } as const;
      this.#tally = new FrontTally(logFileOf(folder.logs, file));
      this.#provider = provider;
    }
    const tally = this.#tally;
    const boundsMs = status.endpoints[0]?.latency.boundsMs ?? [];
    await tally.read(readerOf(provider, state), boundsMs);
    return {
      ...status,
      since: `${status.since} ${tally.since}`,
      endpoints: status.endpoints.map((one) => {
        const said = tally.of(one.id);
        return said === undefined ? one : summed(one, counts(one, said, provider));
      }),
    };
  }
}

function readerOf(provider: FrontRecord["provider"], state: SupervisorState | undefined): ReadLine {
  if (provider === "haproxy") return readHaproxyLine;
  const ports = new Map(
    Object.values(state?.instances ?? {}).map(({ id, port }) => [port, id] as const),
  );
  return readNginxLine((port) => ports.get(port));
}

const NO_COUNTS = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };

/** HAProxy counts requests itself: of its log only the latencies are new. */
function counts(
  { id, routed, latency }: EndpointStatus,
  said: Tallied,
  provider: FrontRecord["provider"],
): FrontEndpoint {
  const isCounted = provider === "haproxy";
  return {
    ...{ id, routed, inFlight: NO_COUNTS },
    requests: isCounted ? 0 : said.requests,
    begun: isCounted ? NO_COUNTS : said.begun,
    failed: isCounted ? NO_COUNTS : said.failed,
    latency: { boundsMs: latency.boundsMs, counts: said.latency },
    lastRequestWallMs: isCounted ? undefined : said.lastRequestWallMs,
  };
}
