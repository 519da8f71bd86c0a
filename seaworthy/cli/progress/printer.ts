import type { Event } from "../../record/event.ts";

/** Draws the one stream of events; the rooms that emit them know nothing of terminals. */
export interface Progress {
  event(event: Event): void;
  /** Leaves the terminal as a plain log: nothing is redrawn after this. */
  end(): void;
}
