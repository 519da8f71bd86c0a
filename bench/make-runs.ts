import type { Request, RunResult, World } from "./measured.ts";
import { inRandomOrder } from "./random-order.ts";

export interface Cell {
  readonly name: string;
  readonly event: (seed: number) => Promise<RunResult>;
  readonly control: ((seed: number) => Promise<RunResult>) | undefined;
  /** Where fewer are enough than are asked for. */
  readonly runsMax?: number;
}

export interface Series {
  readonly cells: readonly Cell[];
  /** Control runs of each cell. */
  readonly controls?: number;
  /** When short runs are many, they are not told one by one. */
  readonly isQuiet?: boolean;
}

/**
 * All runs of all cells, in rounds: each has every cell once, in a random order of its own. What
 * slows the machine for a while hits all cells alike, and a series that is stopped half-way has as
 * many runs of each. A run that breaks is kept, as one that proves nothing.
 */
export async function makeRuns(
  world: World,
  request: Request,
  { cells, controls = 1, isQuiet = false }: Series,
): Promise<readonly RunResult[]> {
  const planned = rounds(cells, request, controls);
  const results: RunResult[] = [];
  for (const [index, { cell, kind, make }] of planned.entries()) {
    if (world.signal.aborted) break;
    const startedMs = world.clock.now();
    const result = await make(request.seed + index).catch((error: unknown) =>
      brokenRun({ cell, kind }, world, error),
    );
    results.push(result);
    request.made?.(result);
    const seconds = ((world.clock.now() - startedMs) / 1_000).toFixed(1);
    const doubt = result.doubt === undefined ? "" : ` · proves nothing: ${result.doubt}`;
    const at = `${index + 1}/${planned.length}`;
    if (!isQuiet) world.say(`${at} ${cell} ${kind} · ${seconds} s${doubt}`);
  }
  return results;
}

type Planned = Pick<RunResult, "cell" | "kind"> & { readonly make: Cell["event"] };

function rounds(
  cells: readonly Cell[],
  { runs, seed }: Request,
  controls: number,
): readonly Planned[] {
  return Array.from({ length: Math.max(runs, controls) }, (_, round) => {
    const events = cells.filter(({ runsMax = runs }) => round < Math.min(runs, runsMax));
    const planned = events.map(({ name, event }): Planned => {
      return { cell: name, kind: "event", make: event };
    });
    for (const { name, control } of round < controls ? cells : []) {
      if (control !== undefined) planned.push({ cell: name, kind: "control", make: control });
    }
    return inRandomOrder(planned, seed + round);
  }).flat();
}

function brokenRun(run: Pick<RunResult, "cell" | "kind">, world: World, error: unknown): RunResult {
  const message = error instanceof Error ? error.message : String(error);
  const doubt = message.replaceAll(world.root, ".");
  return { ...run, figures: {}, facts: {}, readings: {}, doubt };
}
