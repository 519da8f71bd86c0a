import type { Terminal } from "../context.ts";
import { progressText } from "./event-text.ts";
import type { Progress } from "./progress.ts";

/** A log: one line an event, nothing redrawn. For pipes and CI. */
export function linesProgress(terminal: Terminal): Progress {
  return {
    event: (event) => {
      const text = progressText(event);
      if (text !== undefined) terminal.say(`${text}\n`);
    },
    end: () => undefined,
  };
}
