import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { JournalEntry } from "../../../record/journal.ts";
import { readRecords } from "../../../record/read.ts";
import type { ReleaseId } from "../../../record/release.ts";
import { provedOf } from "../../../record/taken-back.ts";
import { openRecordFiles } from "../record-files.ts";
import { gcReleases } from "../release.ts";
import { isEdgeInstance } from "./paths.ts";
import type { SupervisorState } from "./state.ts";
import type { World } from "./world.ts";

/** Logs of instances that are gone: the newest of them explain the last rolls, the rest goes. */
const GONE_LOGS_KEPT = 20;
/** A release may be put before anything names it; nobody takes this long between the two. */
const PUT_TO_START_MS = 3_600_000;
/** Of each unit the last committed ones that were not taken back: two may yet prove bad. */
const GOOD_KEPT = 3;
const LOG_FILE = /^(.+)\.(?:stdout|stderr)\.log(?:\.\d+)?$/;

type House = Pick<World, "ledger" | "folder" | "clock">;

/** Removes what nothing names any more. Failing to is no reason to refuse what was asked. */
export class Housekeeping {
  readonly #house: House;
  /** Reading a long journal takes a while: of the same folders it says what it said before. */
  #judged = "";

  constructor(house: House) {
    this.#house = house;
  }

  async tidyUp(): Promise<void> {
    await Promise.allSettled([this.#pruneReleases(), pruneLogs(this.#house)]);
  }

  async #pruneReleases(): Promise<void> {
    const { ledger, folder, clock } = this.#house;
    const keep = new Set(releasesToKeep(ledger.state, []));
    const old: string[] = [];
    for (const name of await readdir(folder.releases)) {
      const { mtimeMs } = await stat(join(folder.releases, name));
      if (clock.wall() - mtimeMs < PUT_TO_START_MS) keep.add(name);
      else if (!keep.has(name)) old.push(name);
    }
    for (const name of await this.#worthKeeping(old.toSorted())) keep.add(name);
    await gcReleases(folder.releases, keep);
  }

  /** Of what the state does not name. */
  async #worthKeeping(old: readonly ReleaseId[]): Promise<readonly ReleaseId[]> {
    if (old.join() === this.#judged) return old;
    const { ledger, folder } = this.#house;
    const journal = await readRecords(openRecordFiles(folder.record), "journal");
    const all = releasesToKeep(ledger.state, journal);
    const kept = old.filter((name) => all.includes(name));
    this.#judged = kept.join();
    return kept;
  }
}

/** What runs, what `rollback` goes to, and of each unit what it can name where that is bad too. */
export function releasesToKeep(
  { instances, releases }: Pick<SupervisorState, "instances" | "releases">,
  journal: readonly JournalEntry[],
): readonly ReleaseId[] {
  const kept = Object.entries(releases).flatMap(([name, { committed, previous }]) => {
    const { releases: all, takenBack } = provedOf(journal, { name, committed });
    const good = all.filter((id) => !takenBack.has(id)).slice(-GOOD_KEPT);
    return [committed, previous, ...good].filter((id) => id !== undefined);
  });
  return [...Object.values(instances).map(({ release }) => release), ...kept];
}

async function pruneLogs({ ledger, folder }: House): Promise<void> {
  const newestMs = new Map<string, number>();
  const names = await readdir(folder.logs);
  for (const name of names) {
    const instance = LOG_FILE.exec(name)?.[1];
    if (instance === undefined || isOurs(instance)) continue;
    if (ledger.state.instances[instance] !== undefined) continue;
    const { mtimeMs } = await stat(join(folder.logs, name));
    newestMs.set(instance, Math.max(mtimeMs, newestMs.get(instance) ?? 0));
  }
  const gone = [...newestMs]
    .toSorted(([, left], [, right]) => right - left)
    .slice(GONE_LOGS_KEPT)
    .map(([instance]) => instance);
  for (const name of names) {
    const instance = LOG_FILE.exec(name)?.[1];
    if (instance !== undefined && gone.includes(instance)) {
      await rm(join(folder.logs, name), { force: true });
    }
  }
}

/** The edge and our own processes keep one log each, for ever. */
function isOurs(instance: string): boolean {
  return isEdgeInstance(instance) || instance.startsWith("_");
}
