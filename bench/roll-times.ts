import type { Event } from "../seaworthy/record/event.ts";
import type { Span } from "../seaworthy/load/window.ts";

/** How long a roll took, by its own events. Wall clock, of one machine. */
export interface RollTimes {
  /** From the start of one new instance to the start of the next; the last to the end. No bake. */
  readonly stepMs: readonly number[];
  /** From the operation's start to its end, without the bake. */
  readonly withoutBakeMs: number;
  /** Before the first new instance: preparing files, routes, the roll's own probe. */
  readonly beforeMs: number;
  readonly bake: Span;
  readonly operation: Span;
}

/** Undefined when the events are not those of a whole roll. */
export function rollTimes(events: readonly Event[]): RollTimes | undefined {
  const at = (event: Event | undefined): number => Date.parse(event?.at ?? "");
  const begin = at(events.find((event) => event.kind === "operation-started"));
  const end = at(events.find((event) => event.kind === "operation-ended"));
  const starts = events.filter(
    (event) => event.kind === "step-started" && event.step.action === "start",
  );
  const bake = bakeOf(events);
  const first = starts[0];
  if (first === undefined || bake === undefined || Number.isNaN(end - begin)) return undefined;
  const bakeMs = bake.toMs - bake.fromMs;
  const stepMs = starts.map((start, index) => {
    const next = starts[index + 1];
    return next === undefined ? end - at(start) - bakeMs : at(next) - at(start);
  });
  return {
    stepMs,
    withoutBakeMs: end - begin - bakeMs,
    beforeMs: at(first) - begin,
    bake,
    operation: { fromMs: begin, toMs: end },
  };
}

/** A bake ends where the next step begins, or the operation ends. */
function bakeOf(events: readonly Event[]): Span | undefined {
  const first = events.find((event) => event.kind === "bake");
  const last = events.findLastIndex((event) => event.kind === "bake");
  const next = events
    .slice(last + 1)
    .find((event) => event.kind === "step-started" || event.kind === "operation-ended");
  if (first === undefined || next === undefined) return undefined;
  return { fromMs: Date.parse(first.at), toMs: Date.parse(next.at) };
}
