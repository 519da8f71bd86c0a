import type { LoadRequest, RequestClass } from "../system/system.ts";
import type { Trust } from "./trust.ts";

/**
 * What the one generator does (architecture §14): open loop, request i is due at start + i/rate,
 * its latency is measured from the due time. Serialisable: it runs in a process of its own.
 */
export interface LoadPlan {
  /** Base URL, loopback or what the user named. */
  readonly url: string;
  /** Of an https URL: whose certificate is believed; undefined: the system's authorities'. */
  readonly trust?: Trust | undefined;
  readonly ratePerSecond: number;
  readonly mix: readonly LoadRequest[];
  readonly timeoutMs: number;
  readonly seed: number;
  /** Names this run in each write's id. */
  readonly run: string;
  /** Ends by itself after this, whatever happens. */
  readonly durationMsMax: number;
  /** Share of requests on a fresh connection, 0 to 1. */
  readonly freshConnections: number;
  /** NDJSON, one `Sample` a line, written as it goes. */
  readonly samplesFile: string;
}

/**
 * One request. Times are milliseconds since the generator's start on its monotonic clock;
 * `startedWallMs` of the run correlates them with injection.
 */
export interface Sample {
  readonly index: number;
  /** Which request of the plan's mix it was: an index. */
  readonly kind?: number;
  readonly class: RequestClass;
  readonly dueMs: number;
  readonly sentMs: number;
  /** Undefined while it was still open at the end: counts as unknown. */
  readonly endMs: number | undefined;
  /** `unknown`: sent, and no answer says whether it took effect (time-out, reset, cut stream). */
  readonly outcome: "ok" | "failed" | "unknown";
  readonly status: number | undefined;
  /** `refused`, `reset`, `timeout`, `cut`, `status`, `body`. */
  readonly failure: string | undefined;
  /** The id an unsafe request carried in `seaworthy-write`. */
  readonly write: string | undefined;
  /** `seaworthy-instance` and `seaworthy-release` of the answer, where the edge says them. */
  readonly instance: string | undefined;
  readonly release: string | undefined;
}

/** A run under way. `now` reads the generator's own clock, so that windows line up with samples. */
export interface LoadRun {
  readonly startedWallMs: number;
  /** Resolves when the generator reached this moment of its clock. */
  until(ms: number, signal: AbortSignal): Promise<void>;
  /** ms since start on the generator's clock: the last tick heard (20 ms apart) and since. */
  nowMs(): number;
  /** A snapshot for abort conditions: what was sent and failed in the last second. */
  lastSecond(): { readonly sent: number; readonly failed: number };
  /** So far, over all that was sent; the generator's own check at the end is the same figure. */
  sendLagP99Ms?(): number;
  /** Stops sending, waits for what is open (bounded by the client time-out), returns everything. */
  finish(): Promise<LoadResult>;
}

export interface LoadResult {
  readonly samples: readonly Sample[];
  readonly check: {
    readonly sendLagP99Ms: number;
    readonly cpuRatio: number;
    readonly loadAverage: number;
    readonly ok: boolean;
  };
}

/** Starts the generator in its own process; given by the composition root. */
export type StartLoad = (plan: LoadPlan, signal: AbortSignal) => Promise<LoadRun>;

/** Beyond it the generator measured itself (`research/resilience.md` §3); never loosened. */
export const SEND_LAG_P99_MS_MAX = 10;

/** The header that names a write; services that keep a history echo it into their ledger. */
export const WRITE_HEADER = "seaworthy-write";
