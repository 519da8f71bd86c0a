import { poll } from "@seaworthy/std/retry";
import type { UnitName } from "../plan/graph.ts";
import type { InstanceId } from "../record/step.ts";
import type { Observed, ObservedUnit } from "../targets/target.ts";
import { interruption, type Operation } from "./steps.ts";
import { bounded } from "./wait.ts";

/** One look asks a socket and reads /proc; a supervisor that restarts is back within seconds. */
const OBSERVE_MS = 20_000;
const OBSERVE_AGAIN_MS = 250;
const LOG_LINES = 20;
const LOG_MS = 3_000;

/** What runs now. Tried again while the target does not answer; after 20 s its error is thrown. */
export async function observe(operation: Operation): Promise<Observed> {
  const { target, clock, signal } = operation;
  let last: unknown;
  try {
    return await bounded(operation, { what: "what runs", ms: OBSERVE_MS, signal }, (inner) =>
      poll(
        () =>
          target.observe(inner).catch((error: unknown) => {
            last = error;
            return undefined;
          }),
        { clock, everyMs: OBSERVE_AGAIN_MS, signal: inner },
      ),
    );
  } catch (error) {
    throw signal.aborted ? interruption(operation, error) : (last ?? error);
  }
}

/** A unit that was never seen looks like one with nothing in it. */
export function unitIn(observed: Observed, name: UnitName): ObservedUnit {
  return (
    observed.units.find((unit) => unit.name === name) ?? {
      name,
      kind: "service",
      desired: 0,
      scaleOverride: undefined,
      committed: undefined,
      previous: undefined,
      instances: [],
      nextInstance: 1,
      url: undefined,
      definition: "",
    }
  );
}

/** The last 20 lines of an instance; what cannot be read is left out, never waited for. */
export async function lastLines(
  operation: Operation,
  instance: InstanceId,
): Promise<readonly string[]> {
  const lines: string[] = [];
  const limits = { what: `the log of ${instance}`, ms: LOG_MS, signal: operation.signal };
  const query = { unit: undefined, instance, tail: LOG_LINES, follow: false };
  const read = async (signal: AbortSignal): Promise<void> => {
    for await (const line of operation.target.logs(query, signal)) {
      lines.push(`${line.instance} ${line.stream} | ${line.text}`);
      if (lines.length > LOG_LINES) lines.shift();
    }
  };
  // A log that cannot be read must not hide the failure it would have explained.
  await bounded(operation, limits, read).catch(() => undefined);
  return lines;
}
