import type { Command } from "@seaworthy/std/command";
import type { GatewayConfig } from "./config.ts";

/**
 * The control protocol: one JSON document a line over a unix socket (0600), each request with an
 * `id` that its one reply repeats. The holder answers; it outlives its workers.
 */
export type ControlRequest =
  /** Reply comes when the workers route by it: what was removed gets no new request any more. */
  | { readonly id: number; readonly op: "apply"; readonly config: GatewayConfig }
  /** A new worker takes over the sockets; the old one answers `Connection: close` and drains. */
  | { readonly id: number; readonly op: "handover"; readonly drainMs: number }
  /**
   * This holder ends; its worker serves on and starts the next one by this command, with the same
   * `--state` and `--control`. What is asked meanwhile waits for it.
   */
  | { readonly id: number; readonly op: "replace-holder"; readonly command: Command }
  | { readonly id: number; readonly op: "status" }
  /**
   * Resolves when nothing is in flight on this endpoint; at `deadlineMs` its requests are ended.
   * Refused while the endpoint is routed: that would never end.
   */
  | {
      readonly id: number;
      readonly op: "drain-endpoint";
      readonly endpoint: string;
      readonly deadlineMs: number;
    }
  | { readonly id: number; readonly op: "metrics" };

export type ControlReply =
  | { readonly id: number; readonly ok: true; readonly status: GatewayStatus }
  | { readonly id: number; readonly ok: true; readonly drained: DrainOutcome }
  /** Prometheus text format. */
  | { readonly id: number; readonly ok: true; readonly metrics: string }
  | { readonly id: number; readonly ok: false; readonly error: string };

export interface DrainOutcome {
  readonly drained: boolean;
  /** Requests and streams that were cut at the deadline. */
  readonly cut: number;
  readonly tookMs: number;
}

export interface GatewayStatus {
  readonly generation: number;
  /** Of the process that answers: another one after it was killed, started by its worker. */
  readonly holderPid: number;
  readonly workerPid: number;
  readonly workers: readonly { readonly pid: number; readonly state: "serving" | "draining" }[];
  readonly listeners: readonly {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    /** Undefined: HTTP in the clear. */
    readonly certificate: CertificateStatus | undefined;
  }[];
  /** RFC 3339: when these counters started from zero (a worker's start). */
  readonly since: string;
  readonly endpoints: readonly EndpointStatus[];
}

export interface CertificateStatus {
  /** RFC 3339: when the first of the served chain expires; undefined: nothing ever loaded. */
  readonly notAfter: string | undefined;
  /** Why the files as they are now are not what is served. */
  readonly problem: string | undefined;
}

/**
 * Why an endpoint is left out though its checks may pass. `lost`: a fresh connection was cut before
 * an answer. `timeouts`, `errors`: several in a row. `error-rate`, `slow`: far from the others'.
 */
export type EjectReason = "lost" | "timeouts" | "errors" | "error-rate" | "slow";

export interface Ejected {
  readonly reason: EjectReason;
  /** Wall clock, ms: not before then it is tried again. */
  readonly untilWallMs: number;
  /** Ejections so far without a minute of good service between them: each is longer. */
  readonly times: number;
}

export interface EndpointStatus {
  readonly id: string;
  readonly pool: string;
  readonly release: string;
  readonly routed: boolean;
  readonly health: "unknown" | "healthy" | "unhealthy" | "ejected";
  /** Also while it is unhealthy besides. */
  readonly ejected: Ejected | undefined;
  readonly lastProbe: string | undefined;
  /** Tries sent to it. */
  readonly requests: number;
  /**
   * Tries that got no whole answer, or a 5xx. A client that left counts not, nor what the edge
   * itself moved to another one.
   */
  readonly failed: ClassCounts;
  /** Over all workers, draining ones included. */
  /** Tries sent to it so far, over `since`; what is in flight is among them. */
  readonly begun: ClassCounts;
  readonly inFlight: ClassCounts;
  /** First byte sent to last byte received, streams left out; the last count is all above. */
  readonly latency: { readonly boundsMs: readonly number[]; readonly counts: readonly number[] };
  /** Wall clock, ms: when the last request was sent to it (for a freeze's exposure). */
  readonly lastRequestWallMs: number | undefined;
}

/** `stream`: a response of `text/event-stream`, or a request that accepts it. */
export interface ClassCounts {
  readonly safe: number;
  readonly idempotent: number;
  readonly unsafe: number;
  readonly stream: number;
}
