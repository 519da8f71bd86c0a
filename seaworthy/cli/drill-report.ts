import { access, constants, rename, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { timestamp } from "@seaworthy/std/clock";
import { freshId } from "@seaworthy/std/random";
import { reportPage } from "../drills/report.ts";
import { reportedDrills } from "../drills/report-samples.ts";
import type { Evidence } from "../record/evidence.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit.ts";
import { Refusal } from "./failure.ts";
import { recordFolder } from "./local-options.ts";
import type { OpenSystem } from "./open-system.ts";
import type { Drilled } from "./run-drills.ts";
import { VERSION } from "./version.ts";

/** Where the report goes, absolute; exit 2 before anything is broken where none can be written. */
export async function reportPathOf(given: unknown, context: Context): Promise<string | undefined> {
  if (typeof given !== "string") return undefined;
  const path = resolve(context.cwd, given);
  try {
    await access(dirname(path), constants.W_OK);
  } catch (cause) {
    throw new Refusal(EXIT.usage, `--report ${given}: its folder cannot be written`, { cause });
  }
  return path;
}

/** The latest evidence of each drill, as it was played together. */
export function latestPlays(evidence: readonly Evidence[]): readonly Evidence[] {
  const latest = new Map(evidence.map((one) => [one.drill, one.raw]));
  return evidence.filter((one) => latest.get(one.drill) === one.raw);
}

/** One HTML file that is whole by itself; it is there entirely or not at all. */
export async function writeReport(
  path: string,
  drilled: Drilled,
  { system, context }: { readonly system: OpenSystem; readonly context: Context },
): Promise<void> {
  const { graph, parsed } = system;
  const page = reportPage({
    system: graph.system,
    environment: graph.environment,
    target: graph.platform,
    at: timestamp(context.clock),
    version: VERSION,
    availability: parsed.system.objectives.availability,
    drills: await reportedDrills(drilled.evidence, await recordFolder(system, context)),
    skipped: drilled.skipped,
  });
  const draft = `${path}.${freshId(4)}.tmp`;
  await writeFile(draft, page, { mode: 0o600, flag: "wx" });
  await rename(draft, path);
  context.terminal.say(`report in ${path}\n`);
}
