import type { Clock } from "@seaworthy/std/clock";
import type { Command, OwnCommand } from "@seaworthy/std/command";
import { OWNER_VARIABLE, INSTANCE_VARIABLE } from "../identity.ts";
import { allowedEnvironment } from "../spawn-detached.ts";
import type { StateFolder } from "../state-folder.ts";
import type { Chronicle } from "./chronicle.ts";
import type { Ledger } from "./ledger.ts";
import type { Ports } from "./ports.ts";
import type { Volumes } from "./volumes.ts";

/** What a supervisor is started with; the composition root gives it. */
export interface SuperviseOptions {
  readonly folder: StateFolder;
  readonly clock: Clock;
  readonly ownCommand: OwnCommand;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Starts the gateway's main; `--state DIR --control SOCKET` are added. */
  readonly gatewayCommand: Command;
}

/** What the parts of one supervisor share. */
export interface World extends SuperviseOptions {
  readonly ledger: Ledger;
  readonly ports: Ports;
  readonly chronicle: Chronicle;
  readonly volumes: Volumes;
}

/** The allow-listed environment, and whose process this is. */
export function markedEnvironment(world: World, instance: string): Record<string, string> {
  return { ...allowedEnvironment(world.environment), ...marks(world, instance) };
}

/** Whose process this is; set last, so that no declared variable passes for it. */
export function marks(world: World, instance: string): Record<string, string> {
  return { [OWNER_VARIABLE]: world.ledger.state.owner, [INSTANCE_VARIABLE]: instance };
}
