import type { Interrupts } from "./context.ts";

/** Thrown into waits by the second Ctrl-C. */
class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/**
 * First SIGINT or SIGTERM asks for the next safe point, the second aborts. `notice` is called
 * once for each, so that the user reads what happens.
 */
export function interruptsFrom(
  signals: { on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown },
  notice: (text: string) => void,
): Interrupts {
  const controller = new AbortController();
  const first = new AbortController();
  let count = 0;
  const heard = (): void => {
    count += 1;
    if (count === 1) {
      first.abort(new Interrupted("asked to stop"));
      notice("stopping at the next safe point (again to abort and leave it to the next run)\n");
    } else if (count === 2) {
      notice("aborting; the next run finishes or reverses what is half done\n");
      controller.abort(new Interrupted("interrupted"));
    }
  };
  signals.on("SIGINT", heard);
  signals.on("SIGTERM", heard);
  return { stopRequested: () => count > 0, stop: first.signal, abort: controller.signal };
}
