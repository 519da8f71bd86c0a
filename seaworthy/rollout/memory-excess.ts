import type { ReleaseId } from "../record/release.ts";
import type { InstanceId } from "../record/step.ts";
import type { Counters } from "./tally.ts";

/**
 * Where no limit is declared: more than twice what the release before held, and so much more. A
 * collector that has not run yet explains less than that (a small service in Node: 40 to 150 MiB).
 */
const FACTOR = 2;
const MARGIN_BYTES = 256 * 1_048_576;
const MEBIBYTE = 1_048_576;

export interface MemoryView {
  /** As measured last, instances that were stopped since included. */
  readonly counters: Counters;
  readonly from: ReleaseId | undefined;
  readonly to: ReleaseId | undefined;
  /** As declared for each instance; undefined: nobody said. */
  readonly limitBytes: number | undefined;
}

/** A new instance that holds more memory than it may; undefined: none, or nobody can tell. */
export function memoryExcess(
  view: MemoryView,
): { readonly instance: InstanceId; readonly because: string } | undefined {
  const { from, to, limitBytes } = view;
  const steadyBytes = heaviest(view.counters, from)?.bytes;
  const limit = limitBytes ?? allowance(steadyBytes);
  const now = heaviest(view.counters, to);
  if (now === undefined || limit === undefined || now.bytes <= limit) return undefined;
  const held = `${now.instance} of the new release holds ${mebibytes(now.bytes)} of memory`;
  const because =
    limitBytes === undefined
      ? `${held}, the one before ${mebibytes(steadyBytes ?? 0)} (limit ${mebibytes(limit)}; ` +
        "declare resources.memory where so much is meant)"
      : `${held}, declared are ${mebibytes(limitBytes)} (resources.memory)`;
  return { instance: now.instance, because };
}

function allowance(steadyBytes: number | undefined): number | undefined {
  if (steadyBytes === undefined) return undefined;
  return Math.max(FACTOR * steadyBytes, steadyBytes + MARGIN_BYTES);
}

function heaviest(counters: Counters, release: ReleaseId | undefined) {
  let most: { readonly instance: InstanceId; readonly bytes: number } | undefined;
  for (const one of counters.values()) {
    if (one.release !== release || one.memoryBytes === undefined) continue;
    if (most === undefined || one.memoryBytes > most.bytes) {
      most = { instance: one.instance, bytes: one.memoryBytes };
    }
  }
  return most;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MEBIBYTE)}MiB`;
}
