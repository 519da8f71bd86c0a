import { createHash } from "node:crypto";
import { takeLock } from "../targets/local/lock.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit.ts";
import { Refusal } from "./failure.ts";
import { placeOf } from "./local-options.ts";
import type { OpenSystem } from "./open-system.ts";

/** Enough to tell the homes of one machine's users apart; a lock's name is short (unix(7)). */
const NAME_HEX_DIGITS = 12;

/**
 * One drill at a time where things fail together. On local that is this machine: two systems that
 * are drilled at once would measure each other's faults. Exit 6 where another one is.
 */
export async function takeFailureDomain(
  system: OpenSystem,
  context: Context,
): Promise<AsyncDisposable> {
  const { stateHome } = placeOf(system, context);
  const home = createHash("sha256").update(stateHome).digest("hex").slice(0, NAME_HEX_DIGITS);
  const lock = await takeLock(`drill-${home}`);
  if (lock !== undefined) return lock;
  throw new Refusal(EXIT.locked, "a drill of another system is running on this machine", {
    fix: "wait until it ends: each would measure the other's fault",
  });
}
