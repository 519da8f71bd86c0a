import { repairRecords } from "../targets/local/record-files.ts";
import { findLostState, type LostState, putStateAside } from "../targets/local/lost-state.ts";
import { findStateFolder, type StateFolder } from "../targets/local/state-folder.ts";
import { confirmByName, disposable } from "./converge-verb.ts";
import { placeOf } from "./local-options.ts";
import type { OpenSystem } from "./open-system.ts";
import { openTarget } from "./open-target.ts";
import { takeLease } from "./operation.ts";
import type { Invocation } from "./verb.ts";

/**
 * Sets damaged files aside, under the lease, so that nobody writes meanwhile; the lines say what
 * was kept and what was lost. A state file without meaning costs what it named: that is asked for.
 */
export async function repairLocal(
  system: OpenSystem,
  invocation: Invocation,
): Promise<readonly string[]> {
  const { context } = invocation;
  const folder = await findStateFolder(placeOf(system, context));
  if (folder === undefined) return [];
  await using target = disposable(await openTarget(system, context));
  const lost = await findLostState(folder);
  const lease = () => takeLease("doctor", target, context);
  const lines: string[] = [];
  await using _lease = await lease().catch(async (error: unknown) => {
    if (lost === undefined) throw error;
    lines.push(await beginAnew({ folder, lost }, system, invocation));
    // The supervisor that this starts ends what nobody knows any more.
    return await lease();
  });
  if (lost !== undefined && lines.length === 0) {
    lines.push("state: written again by the supervisor, which still knew all of it");
  }
  for (const { kind, kept, dropped, movedTo } of await repairRecords(folder.record)) {
    const gone = dropped.map(({ line, reason }) => `line ${line} (${reason})`).join(", ");
    lines.push(`${kind}: kept ${kept} line(s), dropped ${gone}; the damaged file is ${movedTo}`);
  }
  return lines;
}

interface Loss {
  readonly folder: StateFolder;
  readonly lost: LostState;
}

async function beginAnew(
  { folder, lost }: Loss,
  system: OpenSystem,
  invocation: Invocation,
): Promise<string> {
  const living = lost.living.join(", ");
  if (living !== "") {
    const question = `${lost.because}. Beginning anew ends what still runs: ${living}.`;
    await confirmByName(question, system.graph.system, invocation);
  }
  const movedTo = await putStateAside(folder);
  const ended = living === "" ? "nothing ran" : `ended ${living}`;
  const known = "which releases were proved and which jobs ran is taken from the journal";
  return `state: begun anew, ${ended}; ${known}; the damaged file is ${movedTo}`;
}
