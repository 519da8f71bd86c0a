import { deadline } from "@seaworthy/std/clock";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { Observed } from "../plan/observed.ts";
import type { Target } from "../targets/target.ts";
import type { DrillRequest } from "./request.ts";
import { notWhole } from "./whole.ts";

const OBSERVE_MS = 20_000;
const LOOK_MS = 1_000;
/** So many looks in a row, a second apart: one that answers by chance is not back. */
const LOOKS = 2;
const HEARTBEAT_MS = 4_000;

type Looks = Pick<Target, "observe">;

/**
 * Waits until redundancy is back, which is more than that somebody answers: every service has all
 * its instances, ready and in the routes, and nothing is on the move. Refused with what is missing
 * when it takes longer than `msMax`, or when nobody wants to wait any more.
 */
export async function cooldown(
  request: Pick<DrillRequest, "graph" | "clock" | "emit" | "signal"> & { readonly target: Looks },
  msMax: number,
): Promise<Result<Observed, string>> {
  const { target, graph, clock, emit, signal } = request;
  const fromMs = clock.now();
  let beatMs = fromMs;
  for (let whole = 0; ; ) {
    const observed = await look(target);
    const missing = observed.ok ? notWhole(observed.value, graph) : observed.error;
    whole = missing === undefined ? whole + 1 : 0;
    if (observed.ok && whole >= LOOKS) return observed;
    const elapsedMs = clock.now() - fromMs;
    if (missing !== undefined && (elapsedMs >= msMax || signal.aborted)) return refuse(missing);
    if (clock.now() - beatMs >= HEARTBEAT_MS) {
      beatMs = clock.now();
      emit({ kind: "waiting", on: missing ?? "redundancy", elapsedMs, deadlineMs: msMax });
    }
    await clock.sleep(LOOK_MS);
  }
}

async function look(target: Looks): Promise<Result<Observed, string>> {
  try {
    // Not the request's signal: what is left broken is looked at also by a run that was stopped.
    return ok(await target.observe(deadline(OBSERVE_MS, "looking at what runs")));
  } catch (error) {
    // Seen at another time, or never: then that is what is missing.
    return refuse(error instanceof Error ? error.message : String(error));
  }
}
