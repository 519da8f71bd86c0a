import type { ReleaseId } from "../record/release.ts";
import type { InstanceId } from "../record/step.ts";
import type { Graph, UnitName } from "./graph.ts";

/** What a target saw just now; `diff` compares a graph with it, targets fill it in. */
export interface Observed {
  /** Hash of everything below that a plan depends on; differs when the world changed. */
  readonly basis: string;
  /** False when nothing of this system was ever put here. */
  readonly exists: boolean;
  readonly units: readonly ObservedUnit[];
  readonly edge: ObservedEdge | undefined;
  /** As last defined here; field-level differences come from it. Without it only hashes speak. */
  readonly graph?: Graph | undefined;
  /** As defined before the operation that defined last; its own way back goes there. */
  readonly before?: { readonly operation: string; readonly graph: Graph | undefined } | undefined;
}

export interface ObservedUnit {
  readonly name: UnitName;
  readonly kind: "service" | "job" | "edge";
  /** As last defined on the target. */
  readonly desired: number;
  /** Set by `scale`; dropped by the next `up`. */
  readonly scaleOverride: number | undefined;
  /**
   * Last release whose bake passed; what `rollback` goes to. Of a job: what its next run uses, or
   * the one that last ran well before a rollout.
   */
  readonly committed: ReleaseId | undefined;
  /** The one committed before it. */
  readonly previous: ReleaseId | undefined;
  readonly instances: readonly ObservedInstance[];
  /** The next instance is `<unit>-<nextInstance>`; numbers are never used again. */
  readonly nextInstance: number;
  /** Inner address, stable while the system lives: `http://127.0.0.1:PORT`. */
  readonly url: string | undefined;
  /** Of a job, oldest first: runs by schedule or by hand, and each release's own. */
  readonly runs?: readonly ObservedRun[];
  /** Hash of the definition last applied (health, drain, env …): changes without a new release. */
  readonly definition: string;
}

/** `unknown`: it ended while nobody watched; `skipped`: the one before it had not ended. */
export interface ObservedRun {
  /** Its due time (RFC 3339), or the name it was given by hand; undefined: its release's own. */
  readonly run: string | undefined;
  readonly release: ReleaseId;
  readonly instance: InstanceId;
  readonly outcome: "running" | "done" | "failed" | "unknown" | "skipped";
  readonly startedAt: string | undefined;
  readonly endedAt: string | undefined;
  readonly because: string | undefined;
}

export interface ObservedInstance {
  readonly id: InstanceId;
  readonly unit: UnitName;
  readonly release: ReleaseId;
  readonly state: InstanceState;
  /** Takes new requests at the edge. */
  readonly routed: boolean;
  /** Its part of the traffic beside the other routed ones' weights; 1 where all are alike. */
  readonly weight: number;
  /** Why it was taken out of the edge by hand; undefined: it was not. */
  readonly isolated: string | undefined;
  readonly address: { readonly host: string; readonly port: number } | undefined;
  readonly pid: number | undefined;
  /** RFC 3339. */
  readonly since: string;
  readonly restarts: number;
  /** Why, where the state is `failed` or `unready`: the last probe, the exit code. */
  readonly because: string | undefined;
  /** The edge leaves it out for what its answers showed, whatever its checks say. */
  readonly ejected?: ObservedEjection | undefined;
}

export interface ObservedEjection {
  /** `left out by the edge: it is far slower than the others`. */
  readonly because: string;
  /** Without a while of good service between them; the first one may be a cold start. */
  readonly times: number;
}

/** `frozen`: the process exists but is stopped (SIGSTOP). `gone`: no process with its identity. */
export type InstanceState =
  | "starting"
  | "ready"
  | "unready"
  | "backing-off"
  | "stopping"
  | "failed"
  | "frozen"
  | "gone";

export interface ObservedEdge {
  readonly addresses: readonly string[];
  readonly ready: boolean;
  /** Undefined: HTTP in the clear. */
  readonly tls?: ObservedTls | undefined;
}

export interface ObservedTls {
  /** Absolute: who calls the addresses trusts exactly this, whoever signed it. */
  readonly certificateFile: string;
  /** The name that the certificate is checked for; undefined: any that it names itself. */
  readonly serverName: string | undefined;
  /** RFC 3339: when the first of the served chain expires; undefined: the edge does not say. */
  readonly notAfter: string | undefined;
  /** Why the files as they are now are not what is served. */
  readonly problem: string | undefined;
}
