import type { ClassCounts, DrillRun } from "../record/evidence.ts";
import type { OpenSystem } from "./open-system.ts";
import type { Drilled } from "./run-drills.ts";

const NONE: ClassCounts = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };

/** The shape of `drill --json` (cli.md): what the runs say together, and each run whole. */
export function drillJson(
  { evidence, skipped }: Drilled,
  about: { readonly seed: number; readonly system: OpenSystem },
): object {
  const { graph, parsed } = about.system;
  return {
    schemaVersion: 1,
    seed: about.seed,
    system: graph.system,
    environment: graph.environment ?? null,
    target: graph.platform,
    declaration: parsed.hash,
    evidence: evidence.map((one) => ({
      ...one,
      predicted: one.predicted ?? null,
      measured: one.measured ?? null,
      failed: one.runs.map(({ failed }) => failed).reduce(sum, NONE),
      injected: allOf(one.runs, ({ injected }) => injected),
      undone: allOf(one.runs, ({ undone }) => undone),
    })),
    skipped,
  };
}

/** What each run saw of it; null where one of them saw nothing, which is what matters then. */
function allOf(
  runs: readonly DrillRun[],
  seen: (run: DrillRun) => string | undefined,
): readonly string[] | null {
  const all = runs.flatMap((run) => seen(run) ?? []);
  return all.length === runs.length && all.length > 0 ? all : null;
}

function sum(left: ClassCounts, right: ClassCounts): ClassCounts {
  return {
    safe: left.safe + right.safe,
    idempotent: left.idempotent + right.idempotent,
    unsafe: left.unsafe + right.unsafe,
    stream: left.stream + right.stream,
  };
}
