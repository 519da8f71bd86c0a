import type { Clock } from "@seaworthy/std/clock";

/** What a bench gets from outside. */
export interface World {
  /** The checkout, absolute. */
  readonly root: string;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C: nothing new is begun, and what runs is taken down. */
  readonly signal: AbortSignal;
  /** One line for a person, on stderr. */
  readonly say: (line: string) => void;
}

export interface Request {
  /** Event runs of each cell; a bench may need more for some. */
  readonly runs: number;
  readonly seed: number;
  /** Told each run as soon as it is made: what is killed half-way has measured something. */
  readonly made?: (run: RunResult) => void;
}

/** A limit that a cell's runs are held to. */
export interface Bar {
  readonly cell: string;
  readonly name: string;
  /** The limit in words, as it stands in docs/benchmarks.md. */
  readonly limit: string;
  /** So many runs that can be believed make a pass. */
  readonly runsNeeded: number;
}

/** One run. `control`: the same without the event, to see what the machine itself did. */
export interface RunResult {
  readonly cell: string;
  readonly kind: "event" | "control";
  /** The unit ends each name; of every figure less is better. */
  readonly figures: Readonly<Record<string, number>>;
  /** Counts and texts that explain the figures. */
  readonly facts: Readonly<Record<string, number | string>>;
  /** By the bar's name. A bar that is missing here was not measured in this run. */
  readonly readings: Readonly<Record<string, { readonly value: number; readonly limit: number }>>;
  /** Why this run proves nothing, or undefined. */
  readonly doubt: string | undefined;
}

export interface NotRun {
  readonly what: string;
  readonly because: string;
}

export interface Measured {
  /** In the order in which they were made. */
  readonly runs: readonly RunResult[];
  readonly bars: readonly Bar[];
  readonly notRun: readonly NotRun[];
}

export interface Bench {
  readonly name: string;
  readonly about: string;
  readonly run: (world: World, request: Request) => Promise<Measured>;
}
