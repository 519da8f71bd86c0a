import { backoffMs } from "@seaworthy/std/retry";
import { type InstanceRecord, withInstance } from "./state.ts";
import type { World } from "./world.ts";

/** A busy machine is soon itself again; an edge that refuses is not asked more often than this. */
const BACKOFF = { firstMs: 500, maxMs: 5_000 };

const UNTOLD = "up, but the edge could not be told";

/**
 * Tells the edge that an instance is back, again and again until it heard it: nothing else may tell
 * it for a long time. Ends at `signal` (whatever the process is followed by tells it anew), and
 * never throws.
 */
export async function rejoin(
  { ledger, clock }: Pick<World, "ledger" | "clock">,
  { id, tell }: { readonly id: string; tell(): Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 0; !signal.aborted; tries += 1) {
    const failure = await failureOf(tell);
    if (signal.aborted) return;
    await ledger.record((state) => {
      const record = state.instances[id];
      return record?.withdrawn === "returning"
        ? withInstance(state, id, afterTelling(record, failure))
        : state;
    });
    if (failure === undefined) return;
    await clock.sleep(backoffMs(tries, BACKOFF), signal).catch(() => {});
  }
}

async function failureOf(tell: () => Promise<void>): Promise<string | undefined> {
  try {
    await tell();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What else there is to say of it stays. */
function afterTelling(
  { because }: InstanceRecord,
  failure: string | undefined,
): Partial<InstanceRecord> {
  const other = because?.startsWith(UNTOLD) === true ? undefined : because;
  if (failure === undefined) return { withdrawn: undefined, because: other };
  return { because: other ?? `${UNTOLD}: ${failure}` };
}
