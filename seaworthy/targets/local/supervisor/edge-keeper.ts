import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { GatewayConfig } from "@seaworthy/gateway/config";
import type { GatewayStatus } from "@seaworthy/gateway/control";
import { deadline } from "@seaworthy/std/clock";
import { backoffMs, poll } from "@seaworthy/std/retry";
import { TargetError } from "../../target.ts";
import { edgeConfig, innerRoutesOf, type EdgeInstance } from "../edge-config.ts";
import { gatewayControl, type GatewayControl } from "../gateway-control.ts";
import { isAlive, markedBy } from "../identity.ts";
import { logFileOf, openLogs } from "../log-files.ts";
import { spawnDetached } from "../spawn-detached.ts";
import { edgeSocket } from "./paths.ts";
import type { SupervisorState } from "./state.ts";
import { terminate } from "./terminate.ts";
import { markedEnvironment, type World } from "./world.ts";

/** The gateway's name where instances have theirs: in marks and log files. */
const EDGE_INSTANCE = "edge";
/** Long enough for a cold Node on a busy machine. */
const EDGE_BOOT_MS = 20_000;
const EDGE_ANSWER_MS = 10_000;
/** Its holder drains by itself when told to end. */
const EDGE_STOP_MS = 5_000;
const EDGE_LOOK_MS = 200;
const EDGE_BACKOFF = { firstMs: 100, maxMs: 5_000 };

/** Keeps one gateway process running and configured as the state says. */
export class EdgeKeeper {
  readonly control: GatewayControl;
  readonly #world: World;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(world: World) {
    this.#world = world;
    this.control = gatewayControl(edgeSocket(world.folder));
  }

  /** Resolves when the gateway routes by the state as it is now; starts one where none runs. */
  async push(): Promise<GatewayStatus> {
    return await this.#inTurn(async () => {
      await this.#start();
      return await this.#configure();
    });
  }

  async status(): Promise<GatewayStatus | undefined> {
    try {
      return await this.control.status(deadline(EDGE_ANSWER_MS, "the edge's status"));
    } catch {
      return undefined;
    }
  }

  /** Starts it again whenever it dies, until `signal`. */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, ledger } = this.#world;
    for (let failures = 0; !signal.aborted; ) {
      await clock.sleep(EDGE_LOOK_MS, signal).catch(() => {});
      const { identity, wanted } = ledger.state.gateway;
      if (signal.aborted || !wanted || (identity !== undefined && isAlive(identity))) continue;
      try {
        await this.push();
        failures = 0;
      } catch {
        await clock.sleep(backoffMs(failures, EDGE_BACKOFF), signal).catch(() => {});
        failures += 1;
      }
    }
  }

  /** Ends it; nothing listens any more when this resolves. */
  async stop(): Promise<void> {
    await this.#inTurn(async () => {
      const { ledger } = this.#world;
      const { identity } = ledger.state.gateway;
      await ledger.intend((state) => withGateway(state, { wanted: false }));
      await terminate(this.#world, { instance: EDGE_INSTANCE, leader: identity }, EDGE_STOP_MS);
      await ledger.record((state) => withGateway(state, { identity: undefined }));
    });
  }

  async #start(): Promise<void> {
    const { ledger, folder, gatewayCommand } = this.#world;
    const known = ledger.state.gateway.identity ?? this.#orphan();
    if (known !== undefined && isAlive(known)) {
      if (ledger.state.gateway.identity === undefined) await this.#record(known);
      return;
    }
    // Workers of a holder that died drain by themselves; waiting for them would be an outage.
    await ledger.intend((state) => withGateway(state, { wanted: true, identity: undefined }));
    const stateFolder = join(folder.run, EDGE_INSTANCE);
    await mkdir(stateFolder, { recursive: true, mode: 0o700 });
    const logs = openLogs(folder.logs, EDGE_INSTANCE);
    try {
      const [program, ...args] = gatewayCommand;
      const spawned = await spawnDetached({
        command: [program, ...args, "--state", stateFolder, "--control", edgeSocket(folder)],
        cwd: stateFolder,
        environment: markedEnvironment(this.#world, EDGE_INSTANCE),
        stdout: logs.stdout,
        stderr: logs.stderr,
      });
      await this.#record(spawned.identity);
    } finally {
      logs.close();
    }
  }

  async #configure(): Promise<GatewayStatus> {
    const { ledger, clock, folder } = this.#world;
    const signal = deadline(EDGE_BOOT_MS, "the edge's answer");
    await poll(async () => await this.#answers(), { clock, everyMs: 20, signal });
    const now = await this.control.status(deadline(EDGE_ANSWER_MS, "the edge's status"));
    const generation = Math.max(now.generation, ledger.state.gateway.generation) + 1;
    await ledger.intend((state) => withGateway(state, { generation }));
    // Where a program's stdout goes: so `logs edge` shows it, and it is rotated with the others.
    const accessLog = logFileOf(folder.logs, { instance: EDGE_INSTANCE, stream: "stdout" });
    const config = configOf(ledger.state, { generation, accessLog });
    return await this.control.apply(config, deadline(EDGE_ANSWER_MS, "the edge's new routes"));
  }

  async #answers(): Promise<true | undefined> {
    if ((await this.status()) !== undefined) return true;
    const { identity } = this.#world.ledger.state.gateway;
    if (identity !== undefined && isAlive(identity)) return undefined;
    throw new TargetError("failed", "the edge ended while it started", {
      fix: "seaworthy logs edge says why",
    });
  }

  /** One that was spawned by a supervisor that died before it could write so. */
  #orphan() {
    const found = markedBy(this.#world.ledger.state.owner).filter(
      ({ mark, process }) =>
        mark.instance === EDGE_INSTANCE && process.group === process.identity.pid,
    );
    return found[0]?.process.identity;
  }

  async #record(identity: NonNullable<SupervisorState["gateway"]["identity"]>): Promise<void> {
    await this.#world.ledger.record((state) => withGateway(state, { identity, wanted: true }));
  }

  async #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const mine = this.#queue.then(work);
    this.#queue = mine.catch(() => {});
    return await mine;
  }
}

/** The configuration that a state asks for; pure. */
function configOf(
  state: SupervisorState,
  given: { readonly generation: number; readonly accessLog: string },
): GatewayConfig {
  const services = Object.values(state.units).filter((unit) => unit.kind === "service");
  const known = new Set(services.map((service) => service.name));
  const innerRoutes = state.graph === undefined ? [] : innerRoutesOf(state.graph);
  return edgeConfig({
    edge: state.graph?.edge,
    innerRoutes: innerRoutes.filter((inner) => known.has(inner.service)),
    services,
    instances: Object.values(state.instances).filter(isServed),
    ports: state.ports,
    ...given,
  });
}

function isServed(instance: EdgeInstance): boolean {
  return instance.port !== 0;
}

function withGateway(
  state: SupervisorState,
  change: Partial<SupervisorState["gateway"]>,
): SupervisorState {
  return { ...state, gateway: { ...state.gateway, ...change } };
}
