import type { InstanceId } from "./step.ts";

/** What a drill breaks. Those with `forMs` last until they are undone, or so long at most. */
export type Fault =
  /** SIGKILL to all its processes. */
  | { readonly kind: "kill"; readonly instance: InstanceId }
  /** SIGSTOP: its sockets accept, nothing answers. */
  | { readonly kind: "freeze"; readonly instance: InstanceId; readonly forMs: number }
  /** Packets to and from its port are dropped: neither refused nor answered. */
  | { readonly kind: "drop"; readonly instance: InstanceId; readonly forMs: number }
  /** It gets to run only `runningMs` of each `runningMs + stoppedMs`. */
  | {
      readonly kind: "slow";
      readonly instance: InstanceId;
      readonly runningMs: number;
      readonly stoppedMs: number;
      readonly forMs: number;
    }
  /** Nothing is free any more on a volume that is a file system of its own. */
  | {
      readonly kind: "fill-volume";
      readonly unit: string;
      readonly volume: string;
      readonly forMs: number;
    }
  /** What it says to stdout and stderr cannot be written. */
  | { readonly kind: "fill-logs"; readonly instance: InstanceId; readonly forMs: number }
  /** The kernel kills it for want of memory; its neighbours have theirs. */
  | { readonly kind: "exhaust-memory"; readonly instance: InstanceId; readonly forMs: number }
  /** SIGKILL to the process that serves, or to the one that looks after it. */
  | { readonly kind: "kill-edge"; readonly part: EdgePart }
  /** The edge is configured anew, with the routes that it has. */
  | { readonly kind: "reload-edge" }
  /** The edge's serving process is replaced by a new one of the same configuration. */
  | { readonly kind: "upgrade-edge" };

/** `worker` serves, `holder` owns the sockets (the master, of HAProxy or nginx). */
export type EdgePart = "worker" | "holder";

/**
 * A fault made ready: identities resolved, undo known. Serialisable, so that an independent
 * process can undo it at the deadline even if the tool is killed.
 */
export interface FaultHandle {
  readonly id: string;
  readonly fault: Fault;
  /** Exactly these processes: pid, start time (clock ticks since boot), boot id. */
  readonly processes: readonly ProcessIdentity[];
  /** Wall clock, ms since the epoch: the dead man's switch undoes at this moment. */
  readonly undoByWallMs: number;
  /** Of `drop` and `slow`: where the instance listened when it was prepared. */
  readonly port?: number;
  /** Of `slow`: what it is asked, to see how long it takes to answer. */
  readonly path?: string;
  /** Of `exhaust-memory`: the control group that it is put into, and the one that it came from. */
  readonly group?: { readonly folder: string; readonly home: string };
  /** Of `reload-edge` and `upgrade-edge`: what the edge was when it was prepared. */
  readonly edge?: { readonly generation: number; readonly workerPid: number };
}

/** What another look than the fault's own steps sees of it at this moment. */
export interface FaultSight {
  /** `unclear`: what was seen proves neither; another look may. */
  readonly state: "in-force" | "over" | "unclear";
  /** As a person reads it: `a SYN to port 20123 gets no answer`. */
  readonly seen: string;
}

/** Checked right before each signal: a pid alone may be somebody else's by now. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat (proc(5)); on macOS the start time of `ps -o lstart`. */
  readonly startTicks: string;
  readonly bootId: string;
}

/** What is broken, as a person reads it: `api-1`, `volume data of api`. */
export function subjectOf(fault: Fault): string {
  switch (fault.kind) {
    case "fill-volume":
      return `volume ${fault.volume} of ${fault.unit}`;
    case "kill-edge":
      return `the edge's ${fault.part}`;
    case "reload-edge":
    case "upgrade-edge":
      return "the edge";
    case "kill":
    case "freeze":
    case "drop":
    case "slow":
    case "fill-logs":
    case "exhaust-memory":
      return fault.instance;
  }
}

/** How long it may last; 0: it is over as soon as it was done, and there is nothing to undo. */
export function lastsMs(fault: Fault): number {
  return "forMs" in fault ? fault.forMs : 0;
}
