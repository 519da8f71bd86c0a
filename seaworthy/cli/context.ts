import type { Clock } from "@seaworthy/std/clock";
import type { OwnCommand } from "@seaworthy/std/command";
import type { StartLoad } from "../load/load.ts";
import type { Target } from "../targets/target.ts";

/** Everything of the outside that a verb may use; made once, in `main`. */
export interface Context {
  readonly clock: Clock;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  readonly ownCommand: OwnCommand;
  readonly interrupts: Interrupts;
  readonly owner: { readonly pid: number; readonly host: string; readonly user: string };
  /** What stands between a verb and its target; left out, nothing does. */
  readonly wrapTarget?: (target: Target) => Target;
  /** The generator of requests; left out, a process of our own. */
  readonly startLoad?: StartLoad;
}

/** Data goes to stdout; progress and prose to stderr. */
export interface Terminal {
  out(text: string): void;
  /** Nobody reads stdout any more (`| head`): a verb that only reads may end. */
  readonly outClosed: () => boolean;
  say(text: string): void;
  /** A person is watching stderr: lines may be redrawn. */
  readonly interactive: boolean;
  readonly color: boolean;
  readonly columns: number;
  /**
   * Asks on the terminal; nothing else is printed meanwhile. Undefined when nobody can answer, and
   * when `stop` aborts before somebody did.
   */
  ask(question: string, stop: AbortSignal): Promise<string | undefined>;
}

/** First Ctrl-C: stop at the next safe point. Second: abort now, leaving a journal. */
export interface Interrupts {
  readonly stopRequested: () => boolean;
  /** Aborts at the first Ctrl-C: for what only looks, and may end at once. */
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
}

/** Options every verb understands. */
export interface CommonOptions {
  readonly system?: string;
  readonly env?: string;
  readonly on?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}
