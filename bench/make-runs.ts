import type { Request, RunResult, World } from "./measured.ts";
import { inRandomOrder } from "./random-order.ts";

export interface Cell {
  readonly name: string;
  readonly event: (seed: number) => Promise<RunResult>;
  readonly control: ((seed: number) => Promise<RunResult>) | undefined;
}

export interface Series {
  readonly cells: readonly Cell[];
  /** Control runs of each cell. */
  readonly controls?: number;
  /** When short runs are many, they are not told one by one. */
  readonly isQuiet?: boolean;
}

/** All runs of all cells in random order. A run that breaks is kept, as one that proves nothing. */
export async function makeRuns(
  world: World,
  request: Request,
  { cells, controls = 1, isQuiet = false }: Series,
): Promise<readonly RunResult[]> {
  const planned = cells.flatMap((cell) => [
    ...repeated(request.runs, { cell: cell.name, kind: "event" as const, make: cell.event }),
    ...(cell.control === undefined
      ? []
      : repeated(controls, { cell: cell.name, kind: "control" as const, make: cell.control })),
  ]);
  const results: RunResult[] = [];
  for (const [index, { cell, kind, make }] of inRandomOrder(planned, request.seed).entries()) {
    if (world.signal.aborted) break;
    const startedMs = world.clock.now();
    const result = await make(request.seed + index).catch((error: unknown) =>
      brokenRun({ cell, kind }, world, error),
    );
    results.push(result);
    const seconds = ((world.clock.now() - startedMs) / 1_000).toFixed(1);
    const doubt = result.doubt === undefined ? "" : ` · proves nothing: ${result.doubt}`;
    const at = `${index + 1}/${planned.length}`;
    if (!isQuiet) world.say(`${at} ${cell} ${kind} · ${seconds} s${doubt}`);
  }
  return results;
}

function repeated<Item>(count: number, item: Item): readonly Item[] {
  return Array.from({ length: count }, () => item);
}

function brokenRun(run: Pick<RunResult, "cell" | "kind">, world: World, error: unknown): RunResult {
  const message = error instanceof Error ? error.message : String(error);
  const doubt = message.replaceAll(world.root, ".");
  return { ...run, figures: {}, facts: {}, readings: {}, doubt };
}
