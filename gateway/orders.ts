import type { GatewayConfig } from "./config.ts";
import type { DrainOutcome, EndpointStatus } from "./control.ts";

/** A listening socket that the holder bound, as the worker finds it: an inherited descriptor. */
export interface InheritedSocket {
  readonly name: string;
  readonly descriptor: number;
}

export type KnownHealth = Readonly<Record<string, EndpointStatus["health"]>>;

/** What the holder says to a worker, over the IPC channel of node:child_process. */
export type WorkerOrder =
  | {
      readonly op: "start";
      readonly config: GatewayConfig;
      readonly sockets: readonly InheritedSocket[];
      /** What the worker before knew, so that a new one sends nothing to the dead. */
      readonly health: KnownHealth;
    }
  | { readonly op: "apply"; readonly seq: number; readonly config: GatewayConfig }
  | { readonly op: "status"; readonly seq: number }
  | { readonly op: "metrics"; readonly seq: number }
  | {
      readonly op: "drain-endpoint";
      readonly seq: number;
      readonly endpoint: string;
      readonly deadlineMs: number;
    }
  | { readonly op: "drain"; readonly drain: WorkerDrain };

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
      readonly health: EndpointStatus["health"];
    }
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
