import { timestamp } from "@seaworthy/std/clock";
import { readRecords } from "../record/read.ts";
import { underWay } from "../record/under-way.ts";
import { openSteps, type Operation } from "./steps.ts";

/**
 * Ends an operation that died after its last effect, where the next one finds nothing to do:
 * otherwise it were under way for ever.
 */
export async function endLeftover(operation: Operation): Promise<void> {
  const { target, clock, operation: by } = operation;
  const left = underWay(await readRecords(target.store, "journal"));
  if (left?.since === undefined) return;
  const because = `found by ${by}: nothing was left to do`;
  const end = { entry: "end", operation: left.operation, at: timestamp(clock), because } as const;
  await openSteps(operation).journal({ ...end, outcome: "interrupted" });
}
