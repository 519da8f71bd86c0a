import type { DrainOutcome } from "@seaworthy/gateway/control";
import type { ProcessIdentity } from "../../../record/fault.ts";
import type { EdgeParts } from "../../../renderers/edge-parts.ts";
import type { EdgeProvider as ProviderName } from "../../../system/system.ts";
import type { FrontStatus } from "../edge-status.ts";

/**
 * A program that takes users' requests: the gateway, HAProxy or nginx, all driven alike. One object
 * holds nothing that its process does not know or the state does not keep: the next supervisor
 * makes another one and goes on.
 */
export interface EdgeProvider {
  readonly name: ProviderName;
  /** Its name where instances have theirs: in marks and log files. */
  readonly instance: string;
  /** False: instances that fail their ready check must be left out of what it is given. */
  readonly asksInstances: boolean;
  isUp(): boolean;
  /** Throws, with the words of its own validator, where it would refuse these parts. */
  check(parts: EdgeParts): Promise<void>;
  /**
   * Resolves when it routes by these parts and by nothing else; starts it where it does not run.
   * When it throws, what it routed by before stays.
   */
  apply(parts: EdgeParts): Promise<void>;
  /** What it knows of each instance; undefined: it does not answer. */
  look(): Promise<ProviderSight | undefined>;
  /** Resolves when it has nothing in flight on an instance that it routes no more. */
  drain(drain: Drain, signal: AbortSignal): Promise<DrainOutcome>;
  /** As `apply`, by reading a configuration again even where nothing has changed. */
  reload(parts: EdgeParts): Promise<void>;
  /** New processes of what is installed now take over its sockets. Resolves when they serve. */
  upgrade(signal: AbortSignal): Promise<void>;
  /** It takes no new connection any more when this resolves; what it has goes on for a while. */
  stopListening(): Promise<void>;
  /** Ends it and whatever it has; nothing of it is left when this resolves. */
  stop(): Promise<void>;
}

export interface Drain {
  readonly instance: string;
  readonly deadlineMs: number;
}

export interface ProviderSight extends FrontStatus {
  /** Owns the sockets and starts the others; undefined: it does not run. */
  readonly holder: ProcessIdentity | undefined;
}
