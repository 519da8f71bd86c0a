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

/** More than this of a second's requests failed: the system is down, not hurt. */
const FAILING_RATIO = 0.5;

/** Watches that the damage does not outlast what was predicted (`research/resilience.md` §2.1). */
export class AbortWatch {
  readonly #failingMsMax: number;
  #failingMs = 0;

  constructor(failingMsMax: number) {
    this.#failingMsMax = failingMsMax;
  }

  /** To be told each `everyMs` what the last second was like; throws `DrillAborted`. */
  look(second: { readonly sent: number; readonly failed: number }, everyMs: number): void {
    const failing = second.sent > 0 && second.failed > FAILING_RATIO * second.sent;
    this.#failingMs = failing ? this.#failingMs + everyMs : 0;
    if (this.#failingMs <= this.#failingMsMax) return;
    throw new DrillAborted(
      `more than half of all requests failed for ${this.#failingMs} ms, ` +
        `and ${this.#failingMsMax} ms were predicted at most`,
    );
  }
}
