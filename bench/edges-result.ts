import type { LoadResult, Sample } from "../seaworthy/load/load.ts";
import type { Audit } from "../seaworthy/load/history.ts";
import { dueWithin, failedByClass, latencyOf, type Span, total } from "../seaworthy/load/window.ts";
import type { EdgeProvider } from "../seaworthy/system/system.ts";
import { cpuFigures, type CpuUse } from "./cpu-meter.ts";
import { failureKinds, generatorDoubt } from "./load-account.ts";
import type { Bar, RunResult } from "./measured.ts";

export const EVENTS = ["steady", "roll", "kill", "freeze", "drop", "upgrade"] as const;
export type EdgeEvent = (typeof EVENTS)[number];

const RUNS_NEEDED = 10;
/** Without an event there is little to see twice: they are there for the noise, and for CPU. */
export const STEADY_RUNS = 5;
const SAFE = "reads failed";
const DOUBLED = "writes applied twice";
const LOST = "acknowledged writes lost";
const ALL = "requests failed";

export function cellOf(provider: EdgeProvider, event: EdgeEvent): string {
  return `${event} ${provider}`;
}

/**
 * What is promised of the gateway; of the others only what no edge may do. Anything else about them
 * is a figure, and the cells that they win stay as they are.
 */
export function barsOf(provider: EdgeProvider, event: EdgeEvent): readonly Bar[] {
  const cell = cellOf(provider, event);
  const runsNeeded = event === "steady" ? STEADY_RUNS : RUNS_NEEDED;
  const bar = (name: string): Bar => ({ cell, name, limit: "0", runsNeeded });
  const always = [bar(DOUBLED), bar(LOST)];
  if (provider !== "gateway") return always;
  const isPlanned = event === "steady" || event === "roll" || event === "upgrade";
  return [...always, bar(isPlanned ? ALL : SAFE)];
}

export interface Seen {
  readonly provider: EdgeProvider;
  readonly event: EdgeEvent;
  readonly ratePerSecond: number;
  readonly load: LoadResult;
  /** On the generator's clock: from the event to the end. */
  readonly window: Span;
  readonly steady: Span;
  readonly audit: Audit;
  readonly cpu: CpuUse | undefined;
  /** What went wrong with the event itself: its figures stand, and prove nothing. */
  readonly broke: string | undefined;
}

export function resultOf(seen: Seen): RunResult {
  const { provider, event, load, window, audit } = seen;
  const samples = dueWithin(load.samples, window);
  const failed = failedByClass(samples);
  return {
    cell: cellOf(provider, event),
    kind: "event",
    figures: {
      failed: total(failed),
      readsFailed: failed.safe,
      writesFailed: failed.unsafe,
      refused: countOf(samples, "refused"),
      reset: countOf(samples, "reset"),
      timeout: countOf(samples, "timeout"),
      status: countOf(samples, "status"),
      doubled: audit.writes.doubled,
      steadyP99Ms: latencyOf(dueWithin(load.samples, seen.steady)).p99Ms,
      p99Ms: latencyOf(samples).p99Ms,
      // Writes that were given to who then froze have to wait, whoever is in front.
      readsP99Ms: latencyOf(samples.filter((sample) => sample.class === "safe")).p99Ms,
      ...microsPerRequest(seen),
      ...cpuFigures(seen.cpu),
    },
    facts: {
      sent: samples.length,
      failures: failureKinds(samples),
      writes: JSON.stringify(audit.writes),
      generator: JSON.stringify(load.check),
    },
    readings: {
      [ALL]: { value: total(failed), limit: 0 },
      [SAFE]: { value: failed.safe, limit: 0 },
      [DOUBLED]: { value: audit.writes.doubled, limit: 0 },
      [LOST]: { value: audit.writes.lost, limit: 0 },
    },
    doubt: seen.broke ?? generatorDoubt(load.check),
  };
}

function countOf(samples: readonly Sample[], failure: string): number {
  return samples.filter((sample) => sample.failure === failure).length;
}

/**
 * CPU of the one who takes users' requests. Beside HAProxy and nginx the gateway goes on checking
 * instances for inner routes: that is `edgeCpuMsPerS`, and not in it.
 */
function microsPerRequest({ provider, cpu, ratePerSecond }: Seen): Record<string, number> {
  if (cpu === undefined) return {};
  const msPerSecond = provider === "gateway" ? cpu.edge : cpu.front;
  return { cpuMicrosPerRequest: (msPerSecond * 1_000) / ratePerSecond };
}
