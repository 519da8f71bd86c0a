import type { Clock } from "@seaworthy/std/clock";
import type { InFlight } from "./endpoint.ts";

/**
 * The last part of a drain, in which streams and sockets are ended one after the other: clients
 * that are cut off at one instant come back at one instant.
 */
const SPREAD_MAX_MS = 2_000;
/** What remains of that part for goodbyes, and for the last message of the last one. */
const FAREWELL_PART = 0.5;
const LOOK_MS = 10;

export interface WindUp {
  readonly clock: Clock;
  /** When the drain is over; it begins now. */
  readonly endMs: number;
  /** What is in flight, at any time. */
  readonly streams: () => readonly InFlight[];
  readonly signal: AbortSignal;
}

/** Ends what is long-lived evenly over the end of a drain. Resolves with what that was. */
export async function windUp(what: WindUp): Promise<Set<InFlight>> {
  const { clock, endMs, streams, signal } = what;
  const spreadMs = Math.min(SPREAD_MAX_MS, (endMs - clock.now()) / 2);
  const lastMs = endMs - spreadMs * FAREWELL_PART;
  const ended = new Set<InFlight>();
  let open: readonly InFlight[] = [];
  await clock.sleep(Math.max(0, endMs - spreadMs - clock.now()), signal).catch(() => {});
  while (!signal.aborted && clock.now() < endMs) {
    if (open.length === 0) open = streams();
    const looksLeft = Math.max(1, Math.ceil((lastMs - clock.now()) / LOOK_MS));
    const due = Math.ceil(open.length / looksLeft);
    for (const one of open.slice(0, due)) if (one.windUp()) ended.add(one);
    open = open.slice(due);
    await clock.sleep(LOOK_MS, signal).catch(() => {});
  }
  return ended;
}
