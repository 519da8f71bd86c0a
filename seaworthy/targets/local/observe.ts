import type { EjectReason, EndpointStatus, GatewayStatus } from "@seaworthy/gateway/control";
import { definitionOf } from "../../plan/definition.ts";
import type { Unit } from "../../plan/graph.ts";
import type { ReleaseId } from "../../record/release.ts";
import type {
  InstanceState,
  Observed,
  ObservedEdge,
  ObservedEjection,
  ObservedInstance,
  ObservedRun,
  ObservedTls,
  ObservedUnit,
} from "../../plan/observed.ts";
import type { ProcessIdentity } from "../../record/fault.ts";
import { LOOPBACK } from "../../renderers/edge-parts.ts";
import { basisOf } from "../basis.ts";
import { edgeFiles } from "./edge-files.ts";
import type { SeenProcess } from "./identity.ts";
import type { InstanceRecord, SupervisorState } from "./supervisor/state.ts";

/** What three independent witnesses say: the state's file, the kernel, the edge. */
export interface Sight {
  readonly state: SupervisorState | undefined;
  /** Undefined when it does not answer. */
  readonly gateway: GatewayStatus | undefined;
  /** Whoever takes users' requests answers; left out: the gateway does that itself. */
  readonly edgeReady?: boolean;
  /** When the certificate that it serves expires, RFC 3339; left out: the gateway says it. */
  readonly notAfter?: string | undefined;
  /** The recorded process as it is now; undefined when it is gone. */
  readonly see: (identity: ProcessIdentity) => SeenProcess | undefined;
}

/** Pure: what runs, as it was seen; nothing that was only asked for. */
export function observed(sight: Sight): Observed {
  const { state } = sight;
  if (state === undefined || !everUsed(state)) {
    return { basis: basisOf([], undefined), exists: false, units: [], edge: undefined };
  }
  const units = Object.values(state.units).map((unit) => observeUnit(sight, state, unit));
  const edge = observeEdge(sight, state);
  const { graph, before } = state;
  return { basis: basisOf(units, edge), exists: true, units, edge, graph, before };
}

function everUsed(state: SupervisorState): boolean {
  return state.graph !== undefined || Object.keys(state.nextInstance).length > 0;
}

function observeUnit(sight: Sight, state: SupervisorState, unit: Unit): ObservedUnit {
  const records = Object.values(state.instances).filter((record) => record.unit === unit.name);
  const inner = state.ports.inner[unit.name];
  return {
    name: unit.name,
    kind: unit.kind,
    desired: unit.kind === "service" ? unit.replicas : 0,
    scaleOverride: state.scaleOverrides[unit.name],
    committed:
      state.releases[unit.name]?.committed ??
      (unit.kind === "job" ? lastDone(state, unit.name) : undefined),
    previous: state.releases[unit.name]?.previous,
    instances: records.map((record) => observeInstance(sight, record)),
    nextInstance: state.nextInstance[unit.name] ?? 1,
    url: unit.kind === "service" && inner !== undefined ? `http://${LOOPBACK}:${inner}` : undefined,
    definition: definitionOf(unit, state.graph),
    ...(unit.kind === "job" ? { runs: runsOf(state, unit.name) } : {}),
  };
}

function runsOf(state: SupervisorState, job: string): readonly ObservedRun[] {
  return Object.values(state.jobs)
    .filter((record) => record.job === job)
    .map(({ run, release, instance, outcome, startedAt, endedAt, because }) => ({
      ...{ run, release, instance, outcome, startedAt, endedAt, because },
    }));
}

/** A job has no bake: the release that last ran to its end is what is committed. */
function lastDone(state: SupervisorState, job: string): ReleaseId | undefined {
  const done = Object.values(state.jobs).filter(
    (record) => record.job === job && record.outcome === "done",
  );
  return done.at(-1)?.release;
}

function observeInstance(sight: Sight, record: InstanceRecord): ObservedInstance {
  const seen = record.identity === undefined ? undefined : sight.see(record.identity);
  const endpoint = sight.gateway?.endpoints.find(({ id }) => id === record.id);
  return {
    id: record.id,
    unit: record.unit,
    release: record.release,
    state: stateOf(record, seen, endpoint),
    routed: isRouted(record, endpoint),
    weight: record.weight,
    isolated: record.isolated,
    address: record.port === 0 ? undefined : { host: LOOPBACK, port: record.port },
    pid: seen?.identity.pid,
    since: record.since,
    restarts: record.restarts,
    because: record.because ?? probeOf(sight.gateway, endpoint),
    ejected: ejectionOf(endpoint),
  };
}

/**
 * One whose health check gave it up has its place in the routes all the same, as one that is down
 * has: it takes requests again by itself, and no plan has anything to do about it.
 */
function isRouted(record: InstanceRecord, endpoint: EndpointStatus | undefined): boolean {
  return record.withdrawn === undefined ? (endpoint?.routed ?? record.routed) : record.routed;
}

function stateOf(
  record: InstanceRecord,
  seen: SeenProcess | undefined,
  endpoint: EndpointStatus | undefined,
): InstanceState {
  if (seen === undefined) {
    if (record.phase === "stopping" || record.phase === "backing-off") return record.phase;
    return record.identity === undefined ? "starting" : "gone";
  }
  if (seen.state === "T") return "frozen";
  if (record.phase === "stopping") return "stopping";
  if (endpoint?.health === "healthy" && record.withdrawn !== "out") return "ready";
  return record.phase === "starting" ? "starting" : "unready";
}

function probeOf(
  gateway: GatewayStatus | undefined,
  endpoint: EndpointStatus | undefined,
): string | undefined {
  if (gateway === undefined) return "the edge does not answer";
  // Its checks pass: what the last one said would only mislead.
  if (endpoint?.health === "ejected") return ejectionOf(endpoint)?.because;
  return endpoint?.health === "healthy" ? undefined : endpoint?.lastProbe;
}

function ejectionOf(endpoint: EndpointStatus | undefined): ObservedEjection | undefined {
  if (endpoint?.ejected === undefined) return undefined;
  const { reason, times } = endpoint.ejected;
  return { because: `left out by the edge: ${EJECTIONS[reason]}`, times };
}

const EJECTIONS: Readonly<Record<EjectReason, string>> = {
  lost: "its connections break off",
  timeouts: "its answers are late",
  errors: "it answers 5xx",
  "error-rate": "it fails far more often than the others",
  slow: "it is far slower than the others",
};

function observeEdge(sight: Sight, state: SupervisorState): ObservedEdge | undefined {
  const listen = state.graph?.edge?.listen;
  if (listen === undefined || listen.length === 0) return undefined;
  const tls = observeTls(sight, state);
  const scheme = tls === undefined ? "http" : "https";
  const addresses = listen.map(({ host }, index) => {
    const listening = sight.gateway?.listeners.find(({ name }) => name === `public:${index}`);
    return `${scheme}://${host}:${listening?.port ?? state.ports.public[index] ?? 0}`;
  });
  return { addresses, ready: sight.edgeReady ?? sight.gateway !== undefined, tls };
}

function observeTls(sight: Sight, state: SupervisorState): ObservedTls | undefined {
  const files = edgeFiles(state);
  if (files === undefined) return undefined;
  // All public listeners have the same pair.
  const served = sight.gateway?.listeners.find(({ certificate }) => certificate !== undefined);
  return {
    certificateFile: files.certificate,
    serverName: state.graph?.edge?.host,
    notAfter: sight.notAfter ?? served?.certificate?.notAfter,
    problem: served?.certificate?.problem,
  };
}
