import type { Command } from "@seaworthy/std/command";
import type { GatewayConfig } from "./config.ts";
import type { DrainOutcome, Ejected, EndpointStatus } from "./control.ts";
import type { HealthState } from "./health.ts";

/** A listening socket that a holder bound, as the process finds it: an inherited descriptor. */
export interface InheritedSocket {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly descriptor: number;
}

/** PEM text by listener. It goes from process to process and nowhere else: it has the keys. */
export type ServedPairs = Readonly<
  Record<string, { readonly certificate: string; readonly key: string }>
>;

/** What checks and requests have shown of an endpoint, as one worker tells the next. */
export interface KnownEndpoint {
  readonly health: HealthState["health"];
  readonly ejected: Ejected | undefined;
}

export type KnownEndpoints = Readonly<Record<string, KnownEndpoint>>;

/** What the holder says to a worker, over the IPC channel of node:child_process. */
export type WorkerOrder =
  | {
      readonly op: "start";
      readonly config: GatewayConfig;
      readonly pairs: ServedPairs;
      readonly sockets: readonly InheritedSocket[];
      /** What the worker before knew, so that a new one sends nothing to the dead. */
      readonly known: KnownEndpoints;
    }
  | {
      readonly op: "apply";
      readonly seq: number;
      readonly config: GatewayConfig;
      readonly pairs: ServedPairs;
    }
  /** Files changed: for new handshakes, on every listener. */
  | { readonly op: "certificates"; readonly pairs: ServedPairs }
  | { readonly op: "status"; readonly seq: number }
  | { readonly op: "metrics"; readonly seq: number }
  | {
      readonly op: "drain-endpoint";
      readonly seq: number;
      readonly endpoint: string;
      readonly deadlineMs: number;
    }
  | { readonly op: "drain"; readonly drain: WorkerDrain }
  /** Answered at once by a worker that is not stuck. */
  | { readonly op: "beat" }
  /** When its holder dies, this worker starts the next one by `heir`; others end. */
  | { readonly op: "seat"; readonly heir: Command };

/** What a worker that has lost its holder tells the one it starts, before anything else. */
export interface Inheritance {
  /** `GATEWAY_VERSION` of the worker: one of another version is replaced before it is talked to. */
  readonly version: number;
  readonly pid: number;
  /** What it routes by. */
  readonly config: GatewayConfig;
  /** What its handshakes show: the files may be unreadable just now. */
  readonly pairs: ServedPairs;
  readonly sockets: readonly InheritedSocket[];
  readonly known: KnownEndpoints;
}

export interface WorkerDrain {
  readonly deadlineMs: number;
  /**
   * With a successor, idle connections are kept to the deadline: closing one races with a request
   * on its way. Without one nobody would serve that request anyway, and they are closed.
   */
  readonly hasSuccessor: boolean;
}

/** What a worker says to the holder. */
export type WorkerReport =
  | { readonly report: "serving" }
  | { readonly report: "cannot-listen"; readonly listener: string; readonly code: string }
  | {
      readonly report: "health";
      readonly endpoint: string;
      readonly known: KnownEndpoint;
    }
  | { readonly report: "beat" }
  | { readonly report: "reply"; readonly seq: number; readonly reply: WorkerReply };

export type WorkerReply =
  | { readonly kind: "applied" }
  | {
      readonly kind: "status";
      readonly since: string;
      readonly endpoints: readonly EndpointStatus[];
    }
  | { readonly kind: "metrics"; readonly text: string }
  | { readonly kind: "drained"; readonly outcome: DrainOutcome }
  | { readonly kind: "refused"; readonly error: string };
