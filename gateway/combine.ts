import { ok, refuse, type Result } from "@seaworthy/std/result";
import type {
  CertificateStatus,
  ClassCounts,
  DrainOutcome,
  EndpointStatus,
  GatewayStatus,
} from "./control.ts";
import type { Sockets } from "./listener-sockets.ts";
import { MetricsText } from "./metrics.ts";
import type { WorkerReply } from "./orders.ts";

export interface StatusParts {
  readonly generation: number;
  readonly serving: { readonly pid: number } | undefined;
  readonly workers: readonly {
    readonly link: { readonly pid: number };
    readonly reply: WorkerReply | undefined;
  }[];
  readonly sockets: Sockets;
  /** By listener. */
  readonly certificates: ReadonlyMap<string, CertificateStatus>;
  readonly now: string;
}

/** Counters are the serving worker's; what is in flight is that of all workers. */
export function gatewayStatus(parts: StatusParts): GatewayStatus {
  const { serving, workers, sockets } = parts;
  const own = workers.find(({ link }) => link === serving)?.reply;
  const others = workers.flatMap(({ link, reply }) =>
    link !== serving && reply?.kind === "status" ? [reply.endpoints] : [],
  );
  const status = own?.kind === "status" ? own : undefined;
  return {
    generation: parts.generation,
    holderPid: process.pid,
    workerPid: serving?.pid ?? 0,
    workers: workers.map(({ link }) => ({
      pid: link.pid,
      state: link === serving ? "serving" : "draining",
    })),
    listeners: [...sockets].map(([name, { host, port }]) => ({
      name,
      host,
      port,
      certificate: parts.certificates.get(name),
    })),
    since: status?.since ?? parts.now,
    endpoints: (status?.endpoints ?? []).map((one) => withInFlightOf(one, others)),
  };
}

function withInFlightOf(
  one: EndpointStatus,
  others: readonly (readonly EndpointStatus[])[],
): EndpointStatus {
  const same = others.flatMap((endpoints) => endpoints.filter((other) => other.id === one.id));
  const last = [one, ...same].flatMap((status) => status.lastRequestWallMs ?? []);
  return {
    ...one,
    begun: same.reduce((sum, other) => addCounts(sum, other.begun), one.begun),
    inFlight: same.reduce((sum, other) => addCounts(sum, other.inFlight), one.inFlight),
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

/** The outcome over all workers: drained when all are, as late as the last. */
export function combineDrains(
  replies: readonly (WorkerReply | undefined)[],
): Result<DrainOutcome, string> {
  let combined: DrainOutcome = { drained: true, cut: 0, tookMs: 0 };
  for (const reply of replies) {
    if (reply?.kind === "refused") return refuse(reply.error);
    if (reply?.kind !== "drained") continue;
    const { drained, cut, tookMs } = reply.outcome;
    combined = {
      drained: combined.drained && drained,
      cut: combined.cut + cut,
      tookMs: Math.max(combined.tookMs, tookMs),
    };
  }
  return ok(combined);
}

export interface HolderMetrics {
  readonly restarts: number;
  readonly certificates: ReadonlyMap<string, CertificateStatus>;
}

/** Adds what only the holder knows to a worker's metrics. */
export function withHolderMetrics(text: string, { restarts, certificates }: HolderMetrics): string {
  const all = new MetricsText();
  const restarted = "seaworthy_gateway_worker_restarts_total";
  all.family(restarted, "counter", "Workers that ended without being told to.");
  all.sample(restarted, {}, restarts);
  const expiry = "seaworthy_gateway_tls_certificate_expiry_seconds";
  all.family(expiry, "gauge", "Unix time at which the first of the served chain expires.");
  for (const [listener, { notAfter }] of certificates) {
    if (notAfter !== undefined) all.sample(expiry, { listener }, Date.parse(notAfter) / 1_000);
  }
  const refused = "seaworthy_gateway_tls_files_refused";
  all.family(refused, "gauge", "1: the files as they are now do not load, older ones are served.");
  for (const [listener, { problem }] of certificates) {
    all.sample(refused, { listener }, problem === undefined ? 0 : 1);
  }
  return `${text}${all.toString()}`;
}
