import type { Sample } from "../seaworthy/load/load.ts";
import type { GeneratorCheck } from "../seaworthy/record/evidence.ts";

/** Why a generator's figures prove nothing (architecture §14), or undefined. */
export function generatorDoubt(check: GeneratorCheck): string | undefined {
  if (check.ok) return undefined;
  const lag = `send lag p99 ${check.sendLagP99Ms.toFixed(1)} ms (< 10)`;
  const cpu = `CPU ${(check.cpuRatio * 100).toFixed(0)} % (< 70)`;
  return `the generator was too slow: ${lag}, ${cpu}, load average ${check.loadAverage.toFixed(1)}`;
}

/**
 * The most requests that were open at a time. Each holds a connection: beyond the edge's limit
 * (1,000 where nothing is declared) further ones are turned away, which shows as `reset`.
 */
export function mostOpen(samples: readonly Sample[]): number {
  const changes = samples.flatMap(({ sentMs, endMs }) => [
    { atMs: sentMs, by: 1 },
    { atMs: endMs ?? Number.POSITIVE_INFINITY, by: -1 },
  ]);
  let open = 0;
  let most = 0;
  for (const { by } of changes.toSorted((a, b) => a.atMs - b.atMs || a.by - b.by)) {
    open += by;
    most = Math.max(most, open);
  }
  return most;
}

/** `class failure status instance ×count due at from–to ms`, so that a loss can be traced. */
export function failureKinds(samples: readonly Sample[]): string {
  const kinds = new Map<string, number[]>();
  for (const { class: kind, outcome, failure, status, instance, dueMs } of samples) {
    if (outcome === "ok") continue;
    const key = [kind, failure ?? outcome, status ?? "-", instance ?? "-"].join(" ");
    kinds.set(key, [...(kinds.get(key) ?? []), Math.round(dueMs)]);
  }
  return [...kinds].map(([key, due]) => `${key} ×${due.length} due at ${spanOf(due)}`).join("; ");
}

function spanOf(due: readonly number[]): string {
  const [first] = due;
  return due.length === 1 ? `${first} ms` : `${Math.min(...due)}–${Math.max(...due)} ms`;
}
