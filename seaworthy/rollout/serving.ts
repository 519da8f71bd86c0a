import type { UnitName } from "../plan/graph.ts";
import type { Observed, ObservedUnit } from "../targets/target.ts";
import { observe } from "./look.ts";
import type { Operation } from "./steps.ts";

/** Said last, whatever happened: what serves now, as seen and not as meant. */
export async function servingLine(
  operation: Operation,
  units: readonly UnitName[],
  still: boolean,
): Promise<string> {
  try {
    return servingText(await observe(operation), units, still);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return `what serves now could not be seen: ${text}`;
  }
}

/** `api: r1a2… still serves all traffic: 3 of 3 ready`, one part for each unit. */
function servingText(observed: Observed, units: readonly UnitName[], still: boolean): string {
  const services = observed.units.filter((unit) => unit.kind === "service");
  const named = services.filter((unit) => units.includes(unit.name));
  const parts = (named.length > 0 ? named : services).map((unit) => unitText(unit, still));
  return parts.length === 0 ? "nothing runs" : parts.join("; ");
}

function unitText(unit: ObservedUnit, still: boolean): string {
  const routed = unit.instances.filter((one) => one.routed);
  if (routed.length === 0) return `${unit.name}: nothing serves`;
  const ready = routed.filter((one) => one.state === "ready").length;
  const counts = new Map<string, number>();
  for (const one of routed) counts.set(one.release, (counts.get(one.release) ?? 0) + 1);
  const [[only] = [], ...rest] = [...counts];
  const share = `${ready} of ${routed.length} ready`;
  const word = still ? "still serves" : "serves";
  if (rest.length === 0) return `${unit.name}: ${only} ${word} all traffic: ${share}`;
  const split = [...counts].map(([release, count]) => `${release} on ${count}`).join(", ");
  return `${unit.name}: ${split} serve: ${share}`;
}
