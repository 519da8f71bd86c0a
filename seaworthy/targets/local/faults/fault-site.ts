import { basename, dirname, join } from "node:path";
import type { Clock } from "@seaworthy/std/clock";

/** Where faults are done and undone: the folders of one system, without its supervisor. */
export interface FaultSite {
  readonly clock: Clock;
  readonly faults: string;
  readonly volumes: string;
  readonly logs: string;
}

const HANDLE_SUFFIX = ".fault.json";

/** As `prepareFault` makes them. They name files, a table and a group, so nothing else may. */
export function isFaultId(id: string): boolean {
  return /^f[0-9a-f]{1,32}$/.test(id);
}

export function handleFileOf({ faults }: Pick<FaultSite, "faults">, id: string): string {
  return join(faults, `${id}${HANDLE_SUFFIX}`);
}

export function isHandleFile(name: string): boolean {
  return name.endsWith(HANDLE_SUFFIX);
}

/** All that the dead man's switch is told is one file: the folders lie beside it. */
export function siteOf(handleFile: string, clock: Clock): FaultSite {
  const faults = dirname(handleFile);
  const root = dirname(faults);
  return { clock, faults, volumes: join(root, "volumes"), logs: join(root, "logs") };
}

/** Files that lie beside a handle and name processes that belong to its fault. */
export type Companion = "switch" | "breaker" | "undone";

/** `switch`: names the dead man's switch. `breaker`: whoever keeps the fault in force. */
export function companionOf(handleFile: string, companion: Companion): string {
  const id = basename(handleFile).slice(0, -HANDLE_SUFFIX.length);
  return join(dirname(handleFile), `${id}.${companion}`);
}
