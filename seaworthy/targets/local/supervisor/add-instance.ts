import type { InstanceRecord, SupervisorState } from "./state.ts";

/**
 * The state with one more instance. Starts that run at once are recorded in any order, and a number
 * is never used again: the next one only ever rises.
 */
export function addInstance(
  state: SupervisorState,
  record: InstanceRecord,
  number: number,
): SupervisorState {
  const { id, unit } = record;
  const next = Math.max(state.nextInstance[unit] ?? 1, number + 1);
  return {
    ...state,
    instances: { ...state.instances, [id]: record },
    nextInstance: { ...state.nextInstance, [unit]: next },
  };
}
