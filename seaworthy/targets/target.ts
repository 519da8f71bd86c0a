import type { Command } from "@seaworthy/std/command";
import type { Graph, Unit, UnitName } from "../plan/graph.ts";
import type { Observed } from "../plan/observed.ts";
import type { Release, ReleaseId } from "../record/release.ts";
import type { RecordStore } from "../record/store.ts";
import type { Fault, FaultHandle, FaultSight } from "../record/fault.ts";
import type { InstanceId, Step, StepResult } from "../record/step.ts";
import type { PlatformName, RequestClass } from "../system/system.ts";

/**
 * Where a system runs. One suite (`targets/contract.ts`) holds every implementation to this.
 * Every call ends by `signal` (which carries a deadline) or fails with `TargetError`.
 */
export interface Target {
  readonly platform: Platform;
  /** What runs, as seen just now; never what was asked for. Needs no lease. */
  observe(signal: AbortSignal): Promise<Observed>;
  /** Takes the lease, or says who holds it. Releasing (disposing) is idempotent. */
  lease(owner: LeaseOwner, signal: AbortSignal): Promise<LeaseOutcome>;
  /** Reads what a release of this unit would be made of. Writes nothing. */
  describe(unit: Unit, signal: AbortSignal): Promise<Release>;
  /** Makes a release's content available; idempotent. It is what `describe` saw, or this fails. */
  put(release: Release, unit: Unit, signal: AbortSignal): Promise<void>;
  /** Tells the target what the graph now is: units, edge, inner routes. Idempotent. */
  define(graph: Graph, context: DefineContext): Promise<void>;
  /** Does one step. Idempotent by step id; refuses an epoch that is no longer the lease's. */
  apply(step: Step, context: StepContext): Promise<StepResult>;
  /** What is free for more instances, as seen just now. */
  headroom(signal: AbortSignal): Promise<Headroom>;
  /** Cumulative counts at the edge; the caller subtracts two of them. */
  measure(unit: UnitName, signal: AbortSignal): Promise<Measured>;
  /** Nothing is done yet: both steps are serialisable and are journalled before injection. */
  prepare(fault: Fault, signal: AbortSignal): Promise<FaultHandle>;
  /**
   * Looks, by another way than its steps take, whether a fault is in force. A look takes a moment
   * (a packet that is dropped is waited for), and may be wrong about the next one.
   */
  witness(fault: FaultHandle, signal: AbortSignal): Promise<FaultSight>;
  /**
   * Runs a program beside an instance: its files, environment and secrets, the caller's streams.
   * Resolves when it ended; the signal ends it. Needs no lease.
   */
  exec(request: ExecRequest, signal: AbortSignal): Promise<ExecEnd>;
  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>;
  readonly store: RecordStore;
  /** Ends the client's connections; what runs goes on. */
  close(): Promise<void>;
}

export interface Headroom {
  /** Memory that new processes could have without swapping. */
  readonly memoryBytes: number;
  /** Addresses that can still be given to instances. */
  readonly addresses: number;
  /** Free where the target keeps its state; undefined: it cannot say. */
  readonly diskBytes?: number;
}

export interface Platform {
  readonly name: PlatformName | "dry";
  readonly edge: "gateway" | "haproxy" | "nginx" | "none";
  /** What can be broken here; a drill that needs another one says could-not-verify. */
  readonly faults: ReadonlySet<Fault["kind"]>;
  /** What is missing for those that this platform could have. */
  readonly faultGaps?: Readonly<Partial<Record<Fault["kind"], string>>>;
}

export interface LeaseOwner {
  readonly verb: string;
  readonly pid: number;
  readonly host: string;
  readonly user: string;
}

export type LeaseOutcome =
  | { readonly held: true; readonly lease: Lease }
  | { readonly held: false; readonly by: LeaseOwner; readonly sinceMs: number };

export interface Lease extends AsyncDisposable {
  /** Grows with each lease; fences every step. */
  readonly epoch: number;
  /** Aborts when the lease is lost. */
  readonly lost: AbortSignal;
}

export interface StepContext {
  readonly signal: AbortSignal;
  readonly epoch: number;
}

export interface DefineContext extends StepContext {
  /**
   * Unit → the release that its definition speaks of: instances of another one go on being judged
   * by what they were started under. A unit that is not named has one definition for all.
   */
  readonly releases?: Readonly<Record<UnitName, ReleaseId>>;
  /** What defines; of runs that died the first one, so that what was before it is not forgotten. */
  readonly operation?: string;
}

export type {
  InstanceState,
  Observed,
  ObservedUnit,
} from "../plan/observed.ts";

export interface Measured {
  /** Changes when counters started again from zero: then a difference proves nothing. */
  readonly since: string;
  readonly instances: readonly MeasuredInstance[];
}

export interface MeasuredInstance {
  readonly instance: InstanceId;
  readonly release: ReleaseId;
  readonly requests: number;
  /** 5xx answers, refused, reset, timed out; by the class of the request. */
  readonly failed: Readonly<Record<RequestClass, number>>;
  readonly inFlight: Readonly<Record<RequestClass, number>>;
  /** Upper bounds in ms (the last is infinite) and counts, cumulative since `since`. */
  readonly latency: { readonly boundsMs: readonly number[]; readonly counts: readonly number[] };
  /** Wall clock, ms: when the last request was sent to it; undefined where the edge cannot say. */
  readonly lastRequestWallMs: number | undefined;
  /** Held by all its processes now, and by nobody else; left out: the target cannot say. */
  readonly memoryBytes?: number;
}

export interface ExecRequest {
  readonly instance: InstanceId;
  readonly command: Command;
  /** Descriptors of the caller: standard input, output and error. */
  readonly streams: readonly [input: number, output: number, error: number];
}

/** One of the two is undefined. */
export interface ExecEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

export interface LogQuery {
  readonly unit: UnitName | undefined;
  readonly instance: InstanceId | undefined;
  /** Last lines of each instance; undefined: all that is kept. */
  readonly tail: number | undefined;
  readonly follow: boolean;
}

export interface LogLine {
  readonly instance: InstanceId;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** The outside world said no. Turned into text only in `cli`. */
export class TargetError extends Error {
  override readonly name = "TargetError";
  readonly code: TargetErrorCode;
  /** Lines a person needs to act: last probe, last log lines. */
  readonly detail: readonly string[];
  /** A command or change that mends it. */
  readonly fix: string | undefined;
  constructor(
    code: TargetErrorCode,
    message: string,
    options: { cause?: unknown; detail?: readonly string[]; fix?: string } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? [];
    this.fix = options.fix;
  }
}

export type TargetErrorCode =
  | "unreachable"
  | "fenced"
  | "unsupported"
  | "no-such-instance"
  | "no-such-release"
  | "release-changed"
  | "secret-missing"
  | "no-permission"
  | "no-space"
  | "damaged"
  | "too-new"
  | "failed";
