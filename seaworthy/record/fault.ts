import type { InstanceId } from "./step.ts";

/** What a drill breaks. */
export type Fault =
  | { readonly kind: "kill"; readonly instance: InstanceId }
  | { readonly kind: "freeze"; readonly instance: InstanceId; readonly forMs: number };

/**
 * A fault made ready: identities resolved, undo known. Serialisable, so that an independent
 * process can undo it at the deadline even if the tool is killed.
 */
export interface FaultHandle {
  readonly id: string;
  readonly fault: Fault;
  /** Exactly these processes: pid, start time (clock ticks since boot), boot id. */
  readonly processes: readonly ProcessIdentity[];
  /** Wall clock, ms since the epoch: the dead man's switch undoes at this moment. */
  readonly undoByWallMs: number;
}

/** Checked right before each signal: a pid alone may be somebody else's by now. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat (proc(5)); on macOS the start time of `ps -o lstart`. */
  readonly startTicks: string;
  readonly bootId: string;
}
