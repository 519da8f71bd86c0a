import { Client } from "undici";

/**
 * An idle connection to an endpoint is closed after this, unless the endpoint's `Keep-Alive` says
 * otherwise: most servers close at 5 s, and the one who closes second sends into a closed door.
 */
const IDLE_MS = 4_000;
/** An endpoint's own hint is honoured up to this. */
const IDLE_MS_MAX = 60_000;
/** A hint is undercut by this much. */
const IDLE_MARGIN_MS = 1_000;
/** Response heads larger than this are broken answers. */
const RESPONSE_HEAD_BYTES_MAX = 65_536;

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly connectMs: number;
}

/** One connection to an endpoint; carries one request at a time. */
export class Connection {
  readonly client: Client;
  /** Requests answered on the socket as it is now: above 0, the peer may be closing it. */
  served = 0;
  isConnected = false;
  isIdle = false;
  readonly #owner: Connections;

  constructor(address: Address, owner: Connections) {
    this.#owner = owner;
    const host = address.host.includes(":") ? `[${address.host}]` : address.host;
    this.client = new Client(`http://${host}:${address.port}`, {
      connect: { timeout: address.connectMs, noDelay: true },
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS_MAX,
      keepAliveTimeoutThreshold: IDLE_MARGIN_MS,
      // Deadlines are the exchange's, on one wheel for all.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: RESPONSE_HEAD_BYTES_MAX,
    });
    this.client.on("connect", () => {
      this.isConnected = true;
      this.served = 0;
    });
    this.client.on("disconnect", () => {
      this.isConnected = false;
      if (this.isIdle) this.#owner.forget(this);
    });
  }
}

/** The connections to one endpoint. The warmest is used first, so that the surplus can die. */
export class Connections {
  #address: Address;
  #idle: Connection[] = [];
  #closed = false;

  constructor(address: Address) {
    this.#address = address;
  }

  /** Everything after this goes to the new address. */
  moveTo(address: Address): void {
    this.#address = address;
    this.#dropIdle();
  }

  lease(): Connection {
    const connection = this.#idle.pop() ?? new Connection(this.#address, this);
    connection.isIdle = false;
    return connection;
  }

  release(connection: Connection, isReusable: boolean): void {
    if (isReusable && connection.isConnected && !this.#closed) {
      connection.served += 1;
      connection.isIdle = true;
      this.#idle.push(connection);
    } else {
      destroy(connection);
    }
  }

  forget(connection: Connection): void {
    this.#idle = this.#idle.filter((one) => one !== connection);
    destroy(connection);
  }

  /** Idle ones are closed, leased ones when they come back. */
  close(): void {
    this.#closed = true;
    this.#dropIdle();
  }

  #dropIdle(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const connection of idle) destroy(connection);
  }
}

function destroy(connection: Connection): void {
  connection.isIdle = false;
  // Rejects only for a client that is destroyed already: there is nothing left to do then.
  connection.client.destroy().catch(() => {});
}
