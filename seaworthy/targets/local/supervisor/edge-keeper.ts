import { isDeepStrictEqual } from "node:util";
import type { DrainOutcome, GatewayStatus } from "@seaworthy/gateway/control";
import { deadline } from "@seaworthy/std/clock";
import { backoffMs, poll } from "@seaworthy/std/retry";
import type { EdgeInstance, EdgeParts } from "../../../renderers/edge-parts.ts";
import type { EdgeProvider as ProviderName } from "../../../system/system.ts";
import { TargetError } from "../../target.ts";
import { innerRoutesOf } from "../edge-config.ts";
import { edgeFiles } from "../edge-files.ts";
import { pairStamp } from "../front-files.ts";
import { fitInstances, withFront } from "../edge-status.ts";
import { logFileOf } from "../log-files.ts";
import { definitionFor } from "./definitions.ts";
import type { Drain, EdgeProvider } from "./edge-provider.ts";
import { frontProvider } from "./front-providers.ts";
import { GatewayProvider } from "./gateway-provider.ts";
import type { InstanceRecord, SupervisorState } from "./state.ts";
import type { World } from "./world.ts";

/** Of a process in /proc, which costs next to nothing: until it is seen dead, nobody listens. */
const LOOK_MS = 50;
/** The gateway and the disk are asked less often. */
const LOOKS_PER_QUESTION = 4;
/** How long a provider that makes way for another may finish what it has. */
const FORMER_MS = 2_000;
const BACKOFF = { firstMs: 100, maxMs: 5_000 };

/**
 * Keeps the edge running and configured as the state says: the gateway always, because inner
 * routes, ready checks and measuring are its own, and in front of the instances what the
 * declaration names as provider (ADR 0009).
 */
export class EdgeKeeper {
  readonly #world: World;
  readonly #gateway: GatewayProvider;
  #front: EdgeProvider | undefined;
  /** Instances that the front was given as fit; undefined: it asks them itself. */
  #fit: string | undefined;
  /** The certificate files that the front read last. */
  #pair: string | undefined;
  /** The last configuration did not come into force, whoever asked for it. */
  #isBehind = false;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(world: World) {
    this.#world = world;
    this.#gateway = new GatewayProvider(world);
  }

  /** Resolves when the edge routes by the state as it is now; starts what does not run. */
  async push(): Promise<GatewayStatus> {
    return await this.#inTurn(async () => await this.#bring("apply"));
  }

  /** As `push`, and the public provider reads its configuration again whatever it is. */
  async reload(): Promise<GatewayStatus> {
    return await this.#inTurn(async () => await this.#bring("reload"));
  }

  /** The public provider's processes are replaced by new ones; its sockets stay. */
  async upgrade(signal: AbortSignal): Promise<void> {
    await this.#inTurn(async () => await (this.#provider() ?? this.#gateway).upgrade(signal));
  }

  /** Of the whole edge; undefined when the gateway does not answer. */
  async status(): Promise<GatewayStatus | undefined> {
    const [gateway, front] = await Promise.all([this.#gateway.status(), this.#provider()?.look()]);
    return gateway === undefined || front === undefined ? gateway : withFront(gateway, front);
  }

  /** Resolves when nothing of the edge has anything in flight on it; at the deadline it is cut. */
  async drain(drain: Drain, signal: AbortSignal): Promise<DrainOutcome> {
    const providers = [this.#gateway, this.#provider()].filter((one) => one !== undefined);
    const drained = await Promise.all(providers.map((one) => one.drain(drain, signal)));
    return {
      drained: drained.every((one) => one.drained),
      cut: drained.reduce((sum, { cut }) => sum + cut, 0),
      tookMs: Math.max(...drained.map(({ tookMs }) => tookMs)),
    };
  }

  /**
   * Starts again what dies and pushes again what was refused, until `signal`; tells a provider that
   * asks nobody who is fit.
   */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, ledger } = this.#world;
    let [restUntilMs, wasUp] = [0, true];
    for (let looks = 0, failures = 0; !signal.aborted; looks += 1) {
      await clock.sleep(LOOK_MS, signal).catch(() => {});
      if (signal.aborted || !ledger.state.gateway.wanted) continue;
      // What dies while a refusal rests does not wait for its end.
      if (clock.now() < restUntilMs && (this.#isUp() || !wasUp)) continue;
      try {
        if (!this.#isUp() || this.#isBehind) await this.push();
        else if (looks % LOOKS_PER_QUESTION === 0) await this.#follow();
        failures = 0;
      } catch {
        restUntilMs = clock.now() + backoffMs(failures, BACKOFF);
        wasUp = this.#isUp();
        failures += 1;
      }
    }
  }

  /** What a provider in front does not see by itself. */
  async #follow(): Promise<void> {
    if (await this.#isFitChanged()) await this.push();
    else if (await this.#isPairChanged()) await this.reload();
  }

  /** Ends it; nothing listens any more when this resolves. */
  async stop(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#world.ledger.intend((state) => withGateway(state, { wanted: false }));
      await this.#endFront();
      await this.#gateway.stop();
    });
  }

  /** What the public listeners belong to; undefined: the gateway. */
  #provider(): EdgeProvider | undefined {
    const wanted = wantedFront(this.#world.ledger.state);
    if (wanted === undefined) return undefined;
    if (this.#front?.name !== wanted) this.#front = frontProvider(wanted, this.#world);
    return this.#front;
  }

  #isUp(): boolean {
    return this.#gateway.isUp() && this.#provider()?.isUp() !== false;
  }

  async #bring(how: "apply" | "reload"): Promise<GatewayStatus> {
    try {
      const status = await this.#configure(how);
      this.#isBehind = false;
      return status;
    } catch (error) {
      this.#isBehind = true;
      throw error;
    }
  }

  async #configure(how: "apply" | "reload"): Promise<GatewayStatus> {
    const { ledger } = this.#world;
    await ledger.intend((state) => withGateway(state, { wanted: true }));
    await this.#gateway.start();
    const kept = (await this.#gateway.status())?.generation ?? 0;
    const generation = Math.max(kept, ledger.state.gateway.generation) + 1;
    await ledger.intend((state) => withGateway(state, { generation }));
    const front = this.#provider();
    // What it would refuse must not cost the routes that there are.
    await front?.check(await this.#partsFor(front));
    const former = this.#former(front);
    await former?.stopListening();
    await this.#gateway.apply(await this.#partsFor(this.#gateway));
    if (front !== undefined) {
      const pair = await pairStamp(edgeFiles(ledger.state));
      await front[how](await this.#partsFor(front));
      if (how === "reload") this.#pair = pair;
    }
    if (former !== undefined) await this.#end(former, front);
    const status = await this.status();
    if (status !== undefined) return status;
    throw new TargetError("failed", "the edge took its routes and does not answer any more");
  }

  /** Another provider that was in front until now. */
  #former(front: EdgeProvider | undefined): EdgeProvider | undefined {
    const recorded = this.#world.ledger.state.front?.provider;
    if (recorded === undefined || recorded === front?.name) return undefined;
    return frontProvider(recorded, this.#world);
  }

  /** It has a while for the requests that it has; then it is gone, and forgotten. */
  async #end(former: EdgeProvider, front: EdgeProvider | undefined): Promise<void> {
    const { clock, ledger } = this.#world;
    const signal = deadline(FORMER_MS, "the last requests of the edge's former provider");
    const idle = async () => ((await former.look()) === undefined ? true : undefined);
    await poll(idle, { clock, everyMs: LOOK_MS, signal }).catch(() => {});
    await former.stop();
    if (front === undefined) await ledger.record((state) => ({ ...state, front: undefined }));
  }

  async #partsFor(provider: EdgeProvider): Promise<EdgeParts> {
    const { ledger, folder } = this.#world;
    // Where a program's stdout goes: so `logs edge` shows it, and it is rotated with the others.
    const accessLog = logFileOf(folder.logs, { instance: provider.instance, stream: "stdout" });
    const parts = partsOf(ledger.state, accessLog);
    if (provider.asksInstances) return parts;
    const fit = await this.#fitNow(parts);
    this.#fit = fit.join(" ");
    return {
      ...parts,
      instances: parts.instances.map((one) => ({ ...one, routed: fit.includes(one.id) })),
    };
  }

  async #isFitChanged(): Promise<boolean> {
    if (this.#provider()?.asksInstances !== false) return false;
    return (await this.#fitNow(partsOf(this.#world.ledger.state, ""))).join(" ") !== this.#fit;
  }

  /** The gateway looks at its files itself; the others read them when they are told to. */
  async #isPairChanged(): Promise<boolean> {
    if (this.#provider() === undefined) return false;
    const now = await pairStamp(edgeFiles(this.#world.ledger.state));
    if (now === this.#pair) return false;
    // Also where they turn out to be none: then the former pair is served until they change again.
    const isFirst = this.#pair === undefined;
    this.#pair = now;
    return !isFirst;
  }

  async #fitNow(parts: EdgeParts): Promise<readonly string[]> {
    return fitInstances(parts, (await this.#gateway.status())?.endpoints ?? []);
  }

  async #endFront(): Promise<void> {
    const { ledger } = this.#world;
    if (ledger.state.front === undefined) return;
    await frontProvider(ledger.state.front.provider, this.#world).stop();
    await ledger.record((state) => ({ ...state, front: undefined }));
  }

  async #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const mine = this.#queue.then(work);
    this.#queue = mine.catch(() => {});
    return await mine;
  }
}

/** The configuration that a state asks for; pure. */
function partsOf(state: SupervisorState, accessLog: string): EdgeParts {
  const services = Object.values(state.units).filter((unit) => unit.kind === "service");
  const known = new Set(services.map((service) => service.name));
  const innerRoutes = state.graph === undefined ? [] : innerRoutesOf(state.graph);
  return {
    edge: state.graph?.edge,
    tls: edgeFiles(state),
    innerRoutes: innerRoutes.filter((inner) => known.has(inner.service)),
    services,
    instances: Object.values(state.instances)
      .filter(({ port }) => port !== 0)
      .map((record) => judgedBy(record, state)),
    ports: state.ports,
    generation: state.gateway.generation,
    accessLog,
  };
}

/** With its own ready check where its release has another one than its unit. */
function judgedBy(record: InstanceRecord, state: SupervisorState): EdgeInstance {
  const check = definitionFor(state, record)?.ready;
  const unit = state.units[record.unit];
  const isUnits = unit?.kind === "service" && isDeepStrictEqual(unit.ready, check);
  const instance = { ...record, routed: record.routed && record.withdrawn !== "out" };
  return isUnits || check === undefined ? instance : { ...instance, check };
}

/** Undefined: the gateway itself is the public edge, or there is none. */
function wantedFront(state: SupervisorState): Exclude<ProviderName, "gateway"> | undefined {
  const provider = state.graph?.edge?.provider;
  return provider === "gateway" ? undefined : provider;
}

function withGateway(
  state: SupervisorState,
  change: Partial<SupervisorState["gateway"]>,
): SupervisorState {
  return { ...state, gateway: { ...state.gateway, ...change } };
}
