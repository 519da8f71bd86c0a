import { readFileSync } from "node:fs";
import type { ListenerConfig } from "./config.ts";

/**
 * Descriptors that belong to no request: event loop, channel to the holder, listening sockets,
 * access log, and one for each check under way (an idle worker has 27; seen in /proc/PID/fd).
 */
const OWN = 128;
/** Of the rest: up to here clients on public listeners are served, up to there they are told. */
const SERVED_SHARE = 0.6;
const TOLD_SHARE = 0.62;
/** Calls between services come on top: strangers never take the last descriptor from them. */
const CLIENT_SHARE = 0.65;
/** A request under way holds one more, to its instance; idle ones of those have what is left. */
const REQUEST_SHARE = 0.2;

/**
 * What a worker may open before the system refuses (EMFILE). Clients are turned away before that:
 * a failed accept turns away nobody in particular, and a connection to an instance that cannot be
 * opened looks like the instance's fault. Most connections are quiet and hold one descriptor, so
 * most of them may be clients'.
 */
export class Descriptors {
  readonly servedMax: number;
  readonly #toldMax: number;
  readonly #clientsMax: number;
  readonly #requestsMax: number;
  /** Client connections that are open, on all listeners. */
  open = 0;

  /** `limit` undefined: not known here, and nothing is held back. */
  constructor(limit: number | undefined) {
    const free = limit === undefined ? Number.POSITIVE_INFINITY : Math.max(0, limit - OWN);
    const share = (part: number): number => Math.max(1, Math.floor(free * part));
    this.servedMax = share(SERVED_SHARE);
    this.#toldMax = share(TOLD_SHARE);
    this.#clientsMax = share(CLIENT_SHARE);
    this.#requestsMax = share(REQUEST_SHARE);
  }

  mayServe(kind: ListenerConfig["kind"]): boolean {
    return this.open < (kind === "inner" ? this.#clientsMax : this.servedMax);
  }

  get mayTell(): boolean {
    return this.open < this.#toldMax;
  }

  mayRequest(active: number): boolean {
    return active < this.#requestsMax;
  }
}

const LINE = /^Max open files\s+(\d+|unlimited)\s/m;

/**
 * This process's limit (proc_pid_limits(5)); Node raises its soft limit to the hard one as it
 * starts. Undefined where the system does not say.
 */
export function readDescriptorLimit(): number | undefined {
  try {
    const [, soft] = LINE.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined || soft === "unlimited" ? undefined : Number(soft);
  } catch {
    // No /proc: not Linux. Then only the declared limits count.
    return undefined;
  }
}
