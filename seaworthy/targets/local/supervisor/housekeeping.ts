import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { gcReleases } from "../release.ts";
import { isEdgeInstance } from "./paths.ts";
import type { World } from "./world.ts";

/** Logs of instances that are gone: the newest of them explain the last rolls, the rest goes. */
const GONE_LOGS_KEPT = 20;
/** A release may be put before anything names it; nobody takes this long between the two. */
const PUT_TO_START_MS = 3_600_000;
const LOG_FILE = /^(.+)\.(?:stdout|stderr)\.log(?:\.\d+)?$/;

/** Removes what nothing names any more. Failing to is no reason to refuse what was asked. */
export async function tidyUp(world: World): Promise<void> {
  await Promise.allSettled([pruneReleases(world), pruneLogs(world)]);
}

/** Kept: what runs, what `rollback` goes to, and what was put lately. */
async function pruneReleases({ ledger, folder, clock }: World): Promise<void> {
  const { instances, releases } = ledger.state;
  const keep = new Set(Object.values(instances).map(({ release }) => release));
  for (const { committed, previous } of Object.values(releases)) {
    if (committed !== undefined) keep.add(committed);
    if (previous !== undefined) keep.add(previous);
  }
  for (const name of await readdir(folder.releases)) {
    const { mtimeMs } = await stat(join(folder.releases, name));
    if (clock.wall() - mtimeMs < PUT_TO_START_MS) keep.add(name);
  }
  await gcReleases(folder.releases, keep);
}

async function pruneLogs({ ledger, folder }: World): Promise<void> {
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
