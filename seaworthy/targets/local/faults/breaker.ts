import { assert } from "@seaworthy/std/assert";
import type { Clock } from "@seaworthy/std/clock";
import { existsSync } from "node:fs";
import { writeIdentity } from "../identity-file.ts";
import { exhaust } from "./exhaust-memory.ts";
import { companionOf, siteOf } from "./fault-site.ts";
import { sendAll } from "./freeze.ts";
import { readHandle } from "./handle-file.ts";
import { slowTurn } from "./slow.ts";

/** What `_break` is started with. */
export interface BreakerOptions {
  readonly handleFile: string;
  readonly clock: Clock;
  readonly pid: number;
}

/**
 * Keeps a fault in force that needs somebody for it. It ends when the fault is undone (its handle's
 * file is gone), at the deadline, or with the victim; the dead man's switch undoes whatever a
 * breaker that was killed has left.
 */
export async function keepBroken({ handleFile, clock, pid }: BreakerOptions): Promise<number> {
  const handle = await readHandle(handleFile);
  if (handle === undefined) return 0;
  const site = siteOf(handleFile, clock);
  await writeIdentity(companionOf(handleFile, "breaker"), pid);
  if (handle.fault.kind === "exhaust-memory") return (await exhaust(handle, pid)) ? 0 : 1;
  assert(handle.fault.kind === "slow", `${handle.fault.kind} needs nobody`);
  try {
    while (existsSync(handleFile) && clock.wall() < handle.undoByWallMs) {
      if (!(await slowTurn(handle, site))) break;
    }
  } finally {
    sendAll(handle.processes, "SIGCONT");
  }
  return 0;
}
