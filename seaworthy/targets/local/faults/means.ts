import type { Result } from "@seaworthy/std/result";
import type { Fault, FaultHandle, FaultSight } from "../../../record/fault.ts";
import { DROP } from "./drop.ts";
import { EXHAUST_MEMORY } from "./exhaust-memory.ts";
import type { FaultSite } from "./fault-site.ts";
import { FILL_LOGS } from "./fill-logs.ts";
import { FILL_VOLUME } from "./fill-volume.ts";
import { FREEZE } from "./freeze.ts";
import { SLOW } from "./slow.ts";

/**
 * How a fault that lasts is done, undone and seen. The supervisor does it, the dead man's switch
 * may have to undo it without a supervisor, and whoever looks is a third.
 */
export interface Means {
  /** Resolves to what shows that it is done; after a refusal `mend` is called. */
  readonly break: (handle: FaultHandle, site: FaultSite) => Promise<Result<string, string>>;
  /** Resolves to what shows that nothing of it is left; done twice it is done once. */
  readonly mend: (handle: FaultHandle, site: FaultSite) => Promise<Result<string, string>>;
  /** By another way than `break` and `mend` take. */
  readonly see: (handle: FaultHandle, site: FaultSite) => Promise<FaultSight>;
  /** It is kept in force by a process of ours, which is started after `break`. */
  readonly hasBreaker: boolean;
}

/** Faults that are not over as soon as they were done. */
export type LastingKind = Extract<Fault, { readonly forMs: number }>["kind"];

export const MEANS: Readonly<Record<LastingKind, Means>> = {
  freeze: FREEZE,
  drop: DROP,
  slow: SLOW,
  "fill-volume": FILL_VOLUME,
  "fill-logs": FILL_LOGS,
  "exhaust-memory": EXHAUST_MEMORY,
};

export function isLasting(kind: Fault["kind"]): kind is LastingKind {
  return Object.hasOwn(MEANS, kind);
}
