import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { ClassCounts, DrainOutcome, EndpointStatus, GatewayStatus } from "./control.ts";
import type { Sockets } from "./listener-sockets.ts";
import type { WorkerReply } from "./orders.ts";

export interface StatusParts {
  readonly generation: number;
  readonly serving: { readonly pid: number } | undefined;
  readonly workers: readonly {
    readonly link: { readonly pid: number };
    readonly reply: WorkerReply | undefined;
  }[];
  readonly sockets: Sockets;
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
    workerPid: serving?.pid ?? 0,
    workers: workers.map(({ link }) => ({
      pid: link.pid,
      state: link === serving ? "serving" : "draining",
    })),
    listeners: [...sockets].map(([name, { host, port }]) => ({ name, host, port })),
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

/** Adds what only the holder knows to a worker's metrics. */
export function withRestarts(text: string, restarts: number): string {
  const name = "seaworthy_gateway_worker_restarts_total";
  const help = "Workers that ended without being told to.";
  return `${text}# HELP ${name} ${help}\n# TYPE ${name} counter\n${name} ${restarts}\n`;
}
