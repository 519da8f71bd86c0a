import { join } from "node:path";
import type { LoadResult, LoadRun, StartLoad } from "../load/load.ts";
import type { ServiceUnit } from "../plan/graph.ts";
import type { LoadRequest } from "../system/system.ts";
import type { Operation } from "./steps.ts";
import { bounded } from "./wait.ts";

/** Enough to see one lost request in 50 ms, too little to be felt by any service. */
const RATE_PER_S = 20;
const TIMEOUT_MS = 5_000;
/** Some requests open a new connection: a refused one would hide behind kept-alive ones. */
const FRESH_CONNECTIONS = 0.2;
/** The generator ends by itself after this even if we are killed. */
const LASTS_MS_MAX = 1_800_000;
/** Stopping waits for what is open (client time-out) and reads the samples. */
const FINISH_MS = TIMEOUT_MS + 20_000;
const START_MS = 15_000;

/** Who sends a roll's own requests, and where their samples lie. */
export interface Sender extends Operation {
  readonly startLoad: StartLoad | undefined;
  readonly scratch: string;
}

export interface OwnRequests {
  /** Names the samples' file and the run. */
  readonly name: string;
  readonly url: string;
  readonly mix: readonly LoadRequest[];
}

/** The request that a unit declares to be harmless (architecture §14), to one instance by name. */
export function harmless(
  { probe }: ServiceUnit,
  headers: Readonly<Record<string, string>> = {},
): LoadRequest {
  return { ...probe, headers, body: undefined, weight: 1, class: "safe" };
}

/** Starts sending, 20 a second; a text says why nothing is sent. */
export async function sendOwn(sender: Sender, own: OwnRequests): Promise<LoadRun | string> {
  const { startLoad, scratch, operation, signal } = sender;
  if (startLoad === undefined) return "no generator was given: the roll has no probe of its own";
  const plan = {
    url: own.url,
    ratePerSecond: RATE_PER_S,
    mix: own.mix,
    timeoutMs: TIMEOUT_MS,
    seed: 1,
    run: `${operation}-${own.name}`,
    durationMsMax: LASTS_MS_MAX,
    freshConnections: FRESH_CONNECTIONS,
    samplesFile: join(scratch, `probe-${own.name}.ndjson`),
  };
  try {
    // The run's signal outlives the wait for its start.
    const limits = { what: `the probe of ${own.name}`, ms: START_MS, signal };
    return await bounded(sender, limits, () => startLoad(plan, signal));
  } catch (error) {
    if (signal.aborted) throw error;
    return `the probe could not start: ${error instanceof Error ? error.message : String(error)}`;
  }
}

export async function endOwn(operation: Operation, run: LoadRun): Promise<LoadResult> {
  const limits = { what: "the probe to end", ms: FINISH_MS, signal: operation.signal };
  return await bounded(operation, limits, () => run.finish());
}
