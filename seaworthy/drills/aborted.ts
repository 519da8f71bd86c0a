import type { DrillRequest } from "./request.ts";

/** The run was given up; what was measured until then is kept, and the fault is undone. */
export class DrillAborted extends Error {
  override readonly name = "DrillAborted";
}

export function throwIfStopped(request: Pick<DrillRequest, "signal" | "stopRequested">): void {
  if (request.signal.aborted) {
    throw new DrillAborted("stopped at once, by a second Ctrl-C or a lost lease");
  }
  if (request.stopRequested?.() === true) throw new DrillAborted("stopped by the operator");
}
