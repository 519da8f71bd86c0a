import type { InstanceId } from "../record/step.ts";

/** The number in `<unit>-<number>`; -1 where the id has none. */
export function numberOf(id: InstanceId): number {
  const text = /-(\d+)$/.exec(id)?.[1];
  return text === undefined ? -1 : Number(text);
}
