import type { Terminal } from "../context.ts";
import { progressText } from "./event-text.ts";
import type { Progress } from "./printer.ts";

/** A bake is looked at each second; a log need not say so more often than this. */
const BAKE_LINES_EVERY_MS = 5_000;

/** A log: one line an event, nothing redrawn. For pipes and CI. */
export function linesProgress(terminal: Terminal): Progress {
  let bakeSaidMs = Number.NEGATIVE_INFINITY;
  return {
    event: (event) => {
      if (event.kind === "bake") {
        if (event.elapsedMs < bakeSaidMs) bakeSaidMs = Number.NEGATIVE_INFINITY;
        if (event.elapsedMs - bakeSaidMs < BAKE_LINES_EVERY_MS) return;
        bakeSaidMs = event.elapsedMs;
      }
      const text = progressText(event);
      if (text !== undefined) terminal.say(`${text}\n`);
    },
    end: () => undefined,
  };
}
