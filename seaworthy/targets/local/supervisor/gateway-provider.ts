import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DrainOutcome, GatewayStatus } from "@seaworthy/gateway/control";
import { GATEWAY_VERSION } from "@seaworthy/gateway/version";
import { deadline, DeadlineExceeded } from "@seaworthy/std/clock";
import { poll } from "@seaworthy/std/retry";
import type { ProcessIdentity } from "../../../record/fault.ts";
import type { EdgeParts } from "../../../renderers/edge-parts.ts";
import { TargetError } from "../../target.ts";
import { edgeConfig } from "../edge-config.ts";
import { gatewayControl, type GatewayControl } from "../gateway-control.ts";
import { identify, isAlive, signalOne } from "../identity.ts";
import { EdgeProcess } from "./edge-process.ts";
import type { Drain, EdgeProvider, ProviderSight } from "./edge-provider.ts";
import { edgeSocket, GATEWAY_INSTANCE } from "./paths.ts";
import type { SupervisorState } from "./state.ts";
import { terminate } from "./terminate.ts";
import type { World } from "./world.ts";

/** Long enough for a cold Node on a busy machine. */
const BOOT_MS = 20_000;
const ANSWER_MS = 10_000;
/** Its holder drains by itself when told to end. */
const STOP_MS = 5_000;
/** What is asked while holders change places is asked again. */
const LOOK_MS = 20;
/** How long a worker that is replaced serves out what it has. */
const HANDOVER_DRAIN_MS = 30_000;

/** One that is about to be started. */
const ANOTHER = { identity: undefined, version: GATEWAY_VERSION } as const;

/** Our own gateway: the public edge where nothing else is declared, and always the inner routes. */
export class GatewayProvider implements EdgeProvider {
  readonly name = "gateway";
  readonly instance = GATEWAY_INSTANCE;
  readonly asksInstances = true;
  readonly #world: World;
  readonly #process: EdgeProcess;
  readonly #control: GatewayControl;

  constructor(world: World) {
    this.#world = world;
    this.#control = gatewayControl(edgeSocket(world.folder));
    this.#process = new EdgeProcess(world, {
      instance: GATEWAY_INSTANCE,
      stopMs: STOP_MS,
      read: ({ gateway }) => gateway.identity,
      // What is started next is ours; what is found running is what it was when it was started.
      write: (state, identity) =>
        withGateway(state, identity === undefined ? ANOTHER : { identity }),
    });
  }

  isUp(): boolean {
    return this.#process.isUp();
  }

  /** Every configuration is refused or taken as a whole when it is applied. */
  async check(): Promise<void> {}

  async apply(parts: EdgeParts): Promise<void> {
    await this.start();
    await this.#control.apply(edgeConfig(parts), deadline(ANSWER_MS, "the edge's new routes"));
  }

  /** Resolves when it answers; one that runs already, whoever started it, is taken over. */
  async start(): Promise<void> {
    const { folder, gatewayCommand } = this.#world;
    const stateFolder = join(folder.run, GATEWAY_INSTANCE);
    await mkdir(stateFolder, { recursive: true, mode: 0o700 });
    const [program, ...args] = gatewayCommand;
    await this.#adoptHeir();
    await this.#replaceOlder();
    await this.#process.start({
      command: [program, ...args, "--state", stateFolder, "--control", edgeSocket(folder)],
      cwd: stateFolder,
    });
    const signal = deadline(BOOT_MS, "the edge's answer");
    await poll(async () => await this.#answers(), {
      clock: this.#world.clock,
      everyMs: LOOK_MS,
      signal,
    });
  }

  /** Undefined: it does not answer. */
  async status(): Promise<GatewayStatus | undefined> {
    try {
      return await this.#control.status(deadline(ANSWER_MS, "the edge's status"));
    } catch {
      return undefined;
    }
  }

  async look(): Promise<ProviderSight | undefined> {
    const status = await this.status();
    return status === undefined ? undefined : { ...status, holder: this.#process.identity() };
  }

  async drain({ instance, deadlineMs }: Drain, signal: AbortSignal): Promise<DrainOutcome> {
    return await this.#control.drain(instance, deadlineMs, signal);
  }

  /** Whole configurations are all that it knows: a generation more of the same is a reload. */
  async reload(parts: EdgeParts): Promise<void> {
    await this.apply(parts);
  }

  /** Both of it: the holder first, which then starts the worker from the same files. */
  async upgrade(signal: AbortSignal): Promise<void> {
    const refusal = await this.#replaceHolder(signal);
    if (refusal !== undefined) throw new TargetError("failed", `the edge: ${refusal}`);
    await this.#control.handover(HANDOVER_DRAIN_MS, signal);
  }

  /** It gives up its public listeners with its routes, and never ends: inner routes are its own. */
  async stopListening(): Promise<void> {}

  async stop(): Promise<void> {
    await this.#process.stop();
  }

  /**
   * A holder that was killed is followed by one that its worker started. Where nobody answers on
   * its socket and somebody still holds it, what is left of it hangs.
   */
  async #adoptHeir(): Promise<void> {
    if (this.isUp()) return;
    try {
      const signal = deadline(ANSWER_MS, "the edge that its worker started");
      const heir = identify((await this.#control.status(signal)).holderPid);
      if (heir !== undefined) await this.#process.record(heir);
    } catch (error) {
      // Nobody there: it is started as usual.
      if (!(error instanceof DeadlineExceeded)) return;
      await terminate(this.#world, { instance: this.instance, leader: undefined }, 0);
    }
  }

  /**
   * One of an older version knows neither our configurations nor itself by ours. One that can,
   * gives its sockets to a holder of today, which serves by a worker of its own; the older worker
   * serves out what it has.
   */
  async #replaceOlder(): Promise<void> {
    const older = this.#process.identity();
    if (older === undefined) return;
    if ((this.#world.ledger.state.gateway.version ?? 1) >= GATEWAY_VERSION) return;
    if ((await this.status()) === undefined) {
      // It hangs: no word reaches it.
      await terminate(this.#world, { instance: this.instance, leader: older }, 0);
      return;
    }
    const refusal = await this.#replaceHolder(deadline(BOOT_MS, "the edge that follows an older"));
    if (refusal !== undefined) await this.#endOldest(older);
  }

  /** Nobody is refused meanwhile. Undefined: done; otherwise why not, and nothing has changed. */
  async #replaceHolder(signal: AbortSignal): Promise<string | undefined> {
    const { clock, gatewayCommand, ledger } = this.#world;
    const former = await this.#control.replaceHolder(gatewayCommand, signal);
    if (!former.ok) return former.error;
    const next = async () => {
      const status = await this.#control.status(signal).catch(() => undefined);
      const isOther = status !== undefined && status.holderPid !== former.value.holderPid;
      return isOther ? identify(status.holderPid) : undefined;
    };
    const identity = await poll(next, { clock, everyMs: LOOK_MS, signal });
    await ledger.record((state) => withGateway(state, { ...ANOTHER, identity }));
    return undefined;
  }

  /**
   * 0.1.0 gives its sockets to nobody. Killed, its worker stops listening at once and serves out
   * what it has: the next holder binds what it let go.
   */
  async #endOldest(older: ProcessIdentity): Promise<void> {
    const { clock } = this.#world;
    signalOne(older, "SIGKILL");
    const signal = deadline(STOP_MS, "the end of an older edge");
    await poll(async () => (isAlive(older) ? undefined : true), { clock, everyMs: 5, signal });
  }

  async #answers(): Promise<true | undefined> {
    if ((await this.status()) !== undefined) return true;
    if (this.isUp()) return undefined;
    throw new TargetError("failed", "the edge ended while it started", {
      fix: "seaworthy logs edge says why",
    });
  }
}

function withGateway(
  state: SupervisorState,
  change: Partial<SupervisorState["gateway"]>,
): SupervisorState {
  return { ...state, gateway: { ...state.gateway, ...change } };
}
