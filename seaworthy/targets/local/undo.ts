import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Clock } from "@seaworthy/std/clock";
import type { FaultHandle } from "../../record/fault.ts";
import { writeDurably } from "./durable-file.ts";
import { companionOf, siteOf, type FaultSite } from "./faults/fault-site.ts";
import { readHandle, removeHandle } from "./faults/handle-file.ts";
import { isLasting, MEANS } from "./faults/means.ts";
import { readLiveIdentity, writeIdentity } from "./identity-file.ts";

/** What `_undo` is started with. */
export interface UndoOptions {
  readonly handleFile: string;
  readonly clock: Clock;
  readonly pid: number;
}

/** How often the switch looks whether it is still needed. */
const LOOK_MS = 100;
/** What cannot be undone now (a program that fails, a kernel that is busy) may be in a second. */
const RETRY_MS = 1_000;
/** Then the handle stays, and the next supervisor starts another switch. */
const TRIES_MAX = 60;

/**
 * The dead man's switch of one fault: waits for the moment in the handle's file, undoes what is
 * recorded there, and ends. Without the file (undone by others) it ends at once. It knows nothing
 * of the tool, so that nothing that happens to the tool keeps it from its work.
 */
export async function undoAtDeadline(options: UndoOptions): Promise<number> {
  const { clock, handleFile } = options;
  const handle = await readHandle(handleFile);
  if (handle === undefined) return 0;
  const site = siteOf(handleFile, clock);
  await writeIdentity(companionOf(handleFile, "switch"), options.pid);
  const isNeeded = await waitFor(handle, { handleFile, clock });
  const isUndone = !isNeeded || (await undoPatiently(handle, { handleFile, site }));
  await rm(companionOf(handleFile, "switch"), { force: true });
  return isUndone ? 0 : 1;
}

/** True: it is to be undone now. False: somebody did it. */
async function waitFor(
  handle: FaultHandle,
  { handleFile, clock }: Pick<UndoOptions, "handleFile" | "clock">,
): Promise<boolean> {
  const startedMs = clock.now();
  // The wall clock may be set back meanwhile: the monotonic one then keeps the promise.
  const waitMs = handle.undoByWallMs - clock.wall();
  while (clock.wall() < handle.undoByWallMs && clock.now() - startedMs < waitMs) {
    if (!existsSync(handleFile)) return false;
    if (await isAbandoned(handle, handleFile)) {
      // Unless it was ended by whoever undoes it just now.
      await clock.sleep(LOOK_MS);
      return existsSync(handleFile);
    }
    await clock.sleep(LOOK_MS);
  }
  return existsSync(handleFile);
}

/** Whoever stops an instance again and again may have died while it was stopped. */
async function isAbandoned({ fault }: FaultHandle, handleFile: string): Promise<boolean> {
  const breaker = companionOf(handleFile, "breaker");
  if (fault.kind !== "slow" || !existsSync(breaker)) return false;
  return (await readLiveIdentity(breaker)) === undefined;
}

/** Leaves behind that it had to. */
async function undoPatiently(
  handle: FaultHandle,
  { handleFile, site }: { readonly handleFile: string; readonly site: FaultSite },
): Promise<boolean> {
  const { kind } = handle.fault;
  if (!isLasting(kind)) return true;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const mended = await MEANS[kind].mend(handle, site);
    if (mended.ok) {
      const told = JSON.stringify({ wallMs: site.clock.wall(), seen: mended.value });
      await writeDurably(companionOf(handleFile, "undone"), told);
      await removeHandle(handleFile);
      return true;
    }
    await site.clock.sleep(RETRY_MS);
  }
  return false;
}
