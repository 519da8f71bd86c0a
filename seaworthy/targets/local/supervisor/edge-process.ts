import type { Command } from "@seaworthy/std/command";
import type { ProcessIdentity } from "../../../record/fault.ts";
import { isAlive, markedBy } from "../identity.ts";
import { openLogs } from "../log-files.ts";
import { spawnDetached, type Spawned } from "../spawn-detached.ts";
import type { SupervisorState } from "./state.ts";
import { terminate } from "./terminate.ts";
import { markedEnvironment, type World } from "./world.ts";

export interface EdgeProcessOptions {
  /** Its name in marks and log files. */
  readonly instance: string;
  readonly stopMs: number;
  /** Where the state keeps which process it is. */
  readonly read: (state: SupervisorState) => ProcessIdentity | undefined;
  readonly write: (
    state: SupervisorState,
    identity: ProcessIdentity | undefined,
  ) => SupervisorState;
}

export interface EdgeProgram {
  readonly command: Command;
  readonly cwd: string;
}

/** One process of the edge with its children: started once, found again, ended whole. */
export class EdgeProcess {
  readonly #world: World;
  readonly #options: EdgeProcessOptions;

  constructor(world: World, options: EdgeProcessOptions) {
    this.#world = world;
    this.#options = options;
  }

  /** Undefined when it does not run. */
  identity(): ProcessIdentity | undefined {
    const recorded = this.#options.read(this.#world.ledger.state);
    return recorded !== undefined && isAlive(recorded) ? recorded : undefined;
  }

  isUp(): boolean {
    return this.identity() !== undefined;
  }

  /** Takes over the one that runs, or starts it: then true. */
  async start(program: EdgeProgram): Promise<boolean> {
    const { ledger } = this.#world;
    const { read, write } = this.#options;
    if (this.isUp()) return false;
    const orphan = read(ledger.state) === undefined ? this.#orphan() : undefined;
    if (orphan !== undefined && isAlive(orphan)) {
      await this.record(orphan);
      return false;
    }
    await ledger.intend((state) => write(state, undefined));
    await this.record((await this.spawn(program)).identity);
    return true;
  }

  /** A process with its mark and its logs; the state does not know it yet. */
  async spawn(program: EdgeProgram): Promise<Spawned> {
    const { instance } = this.#options;
    const logs = openLogs(this.#world.folder.logs, instance);
    try {
      return await spawnDetached({
        ...program,
        environment: markedEnvironment(this.#world, instance),
        stdout: logs.stdout,
        stderr: logs.stderr,
      });
    } finally {
      logs.close();
    }
  }

  /** It is this one from now on. */
  async record(identity: ProcessIdentity | undefined): Promise<void> {
    await this.#world.ledger.record((state) => this.#options.write(state, identity));
  }

  /** Nothing of it is left when this resolves. */
  async stop(): Promise<void> {
    const { instance, stopMs, read } = this.#options;
    const leader = read(this.#world.ledger.state);
    await terminate(this.#world, { instance, leader }, stopMs);
    await this.record(undefined);
  }

  /** One that was spawned by a supervisor that died before it could write so. */
  #orphan(): ProcessIdentity | undefined {
    const found = markedBy(this.#world.ledger.state.owner).filter(
      ({ mark, process }) =>
        mark.instance === this.#options.instance && process.group === process.identity.pid,
    );
    return found[0]?.process.identity;
  }
}
