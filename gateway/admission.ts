import type { Socket } from "node:net";
import { clientKey, plainAddress } from "./client-address.ts";
import type { GatewayLimits } from "./config.ts";
import { REFUSALS, type Refusal } from "./refusal.ts";
import { Timed } from "./timer-wheel.ts";
import type { Entrance, Traffic } from "./traffic.ts";

/**
 * Connections above a limit that are still told so; what comes on top of these is closed unheard,
 * because telling costs memory too.
 */
export const TOLD_MAX = 256;
/** Of one client: the next dozen of its connections would hear nothing new. */
const TOLD_PER_CLIENT_MAX = 4;
/** A connection that is to be told lasts no longer, whatever comes on it. */
const TOLD_MS = 2_000;

/** Open connections of one client. */
interface Held {
  served: number;
  told: number;
}

/** Who may connect to one listener: counts its open connections, and each client's. */
export class Admission {
  readonly #entrance: Entrance;
  readonly #traffic: Traffic;
  #servedMax = Number.POSITIVE_INFINITY;
  #perClientMax = Number.POSITIVE_INFINITY;
  readonly #all: Held = { served: 0, told: 0 };
  readonly #clients = new Map<string, Held>();
  /** What is said on connections above a limit, by the peer's address and port. */
  readonly #surplus = new Map<string, Refusal>();

  constructor(entrance: Entrance, traffic: Traffic) {
    this.#entrance = entrance;
    this.#traffic = traffic;
  }

  configure(limits: GatewayLimits): void {
    this.#servedMax = limits.connections;
    this.#perClientMax = limits.connectionsPerClient ?? Number.POSITIVE_INFINITY;
  }

  /** Connections that are open, also those that are only told about a limit. */
  get open(): number {
    return this.#all.served + this.#all.told;
  }

  /** A new connection: it is served, will be told why not, or is closed. */
  enter(socket: Socket): void {
    const client = this.#clientOf(socket);
    const held = client === undefined ? undefined : this.#clients.get(client);
    const refusal = this.#refusalFor(held);
    if (refusal === undefined) {
      this.#count(client, "served", 1);
      socket.on("close", () => this.#count(client, "served", -1));
      return;
    }
    this.#traffic.totals.turnedAway(refusal.code);
    if (this.#mayTell(held)) {
      this.#tell(socket, client, refusal);
    } else {
      this.#traffic.totals.connectionsDropped += 1;
      socket.destroy();
    }
  }

  /** What a request on this connection is refused with, whatever it says; usually nothing. */
  refusalOn(socket: Socket): Refusal | undefined {
    return this.#surplus.size === 0 ? undefined : this.#surplus.get(peerOf(socket));
  }

  /** Undefined: not counted by client. Those of a proxy are the connections of many. */
  #clientOf(socket: Socket): string | undefined {
    if (this.#entrance.kind === "inner") return undefined;
    const address = plainAddress(socket.remoteAddress);
    return this.#traffic.proxies.trusts(address) ? undefined : clientKey(address);
  }

  #refusalFor(held: Held | undefined): Refusal | undefined {
    if ((held?.served ?? 0) >= this.#perClientMax) return REFUSALS.clientConnections;
    if (this.#all.served >= this.#servedMax) return REFUSALS.connections;
    const { descriptors } = this.#traffic;
    return descriptors.mayServe(this.#entrance.kind) ? undefined : REFUSALS.descriptors;
  }

  #mayTell(held: Held | undefined): boolean {
    if (this.#all.told >= TOLD_MAX || !this.#traffic.descriptors.mayTell) return false;
    return (held?.told ?? 0) < TOLD_PER_CLIENT_MAX || this.#perClientMax === Infinity;
  }

  #tell(socket: Socket, client: string | undefined, refusal: Refusal): void {
    const { wheel, clock } = this.#traffic;
    const peer = peerOf(socket);
    const end = new ToldEnd(socket);
    this.#surplus.set(peer, refusal);
    this.#count(client, "told", 1);
    wheel.schedule(end, clock.now() + TOLD_MS);
    socket.on("close", () => {
      wheel.cancel(end);
      this.#surplus.delete(peer);
      this.#count(client, "told", -1);
    });
  }

  #count(client: string | undefined, what: keyof Held, by: 1 | -1): void {
    this.#all[what] += by;
    this.#traffic.descriptors.open += by;
    if (client === undefined) return;
    const held = this.#clients.get(client) ?? { served: 0, told: 0 };
    held[what] += by;
    if (held.served + held.told === 0) this.#clients.delete(client);
    else this.#clients.set(client, held);
  }
}

class ToldEnd extends Timed {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
  }

  override expire(): void {
    this.#socket.destroy();
  }
}

/** The same for a connection and for what TLS makes of it. */
function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
