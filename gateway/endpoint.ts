import { Connections, type Address } from "./connections.ts";
import type { EndpointConfig } from "./config.ts";
import type { ClassCounts } from "./control.ts";
import { nextHealth, UNKNOWN_HEALTH, type HealthEvent, type HealthState } from "./health.ts";
import { Histogram } from "./histogram.ts";
import type { TryFailure } from "./retry.ts";

export type RequestClass = keyof ClassCounts;
export type MutableCounts = { -readonly [Class in RequestClass]: number };

function noCounts(): MutableCounts {
  return { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };
}

/** A request that is with an endpoint now. */
export interface InFlight {
  /** Its place among those of its endpoint; -1 when it is with none. The endpoint's business. */
  place: number;
  /** May be taken back and sent elsewhere: repeatable, and nothing of an answer has come. */
  readonly isMovable: boolean;
  /** Takes it away from this endpoint: it goes elsewhere or, where it may not, is ended. */
  takeAway(reason: TryFailure): void;
}

/** What a health change is decided by, besides the endpoint itself: its pool. */
export interface HealthContext {
  readonly rise: number;
  readonly fall: number;
  readonly mayEject: boolean;
}

/** One instance: its address, health, connections and counters, over all configurations. */
export class Endpoint {
  readonly id: string;
  config: EndpointConfig;
  pool: string;
  readonly connections: Connections;
  /**
   * An array in which each knows its place, not a Set: the tables a Set outgrows keep what was in
   * them alive until the next full collection, request after request (seen: scavenges of 17 ms
   * instead of 0.6, and a fifth of the CPU of a request).
   */
  readonly #inFlight: InFlight[] = [];
  readonly inFlightCounts = noCounts();
  readonly begunCounts = noCounts();
  readonly failed = noCounts();
  readonly latency = new Histogram();
  requests = 0;
  /** On the worker's monotonic clock; undefined before the first request. */
  lastRequestMs: number | undefined = undefined;
  lastProbe: string | undefined = undefined;
  #state: HealthState;
  #waiters: (() => void)[] = [];
  #logText: string;

  constructor(config: EndpointConfig, pool: string, options: EndpointOptions) {
    this.id = config.id;
    this.config = config;
    this.pool = pool;
    this.connections = new Connections(addressOf(config, options.connectMs));
    this.#state = { ...UNKNOWN_HEALTH, health: options.health ?? "unknown" };
    this.#logText = logTextOf(config);
  }

  /** Its part of a log line, made once. */
  get logText(): string {
    return this.#logText;
  }

  get routed(): boolean {
    return this.config.routed;
  }

  get health(): HealthState["health"] {
    return this.#state.health;
  }

  /** What is in flight now: taking one away may bring another, and that one is not meant. */
  snapshot(): readonly InFlight[] {
    return this.#inFlight.slice();
  }

  get inFlightTotal(): number {
    return this.#inFlight.length;
  }

  /** Undefined removes it from the routes; what it has, it finishes. */
  configure(config: EndpointConfig, pool: string, options: EndpointOptions): void {
    const moved = config.host !== this.config.host || config.port !== this.config.port;
    this.config = config;
    this.pool = pool;
    this.#logText = logTextOf(config);
    if (!moved) return;
    this.#state = UNKNOWN_HEALTH;
    this.connections.moveTo(addressOf(config, options.connectMs));
  }

  begin(one: InFlight, requestClass: RequestClass, nowMs: number): void {
    one.place = this.#inFlight.push(one) - 1;
    this.inFlightCounts[requestClass] += 1;
    this.begunCounts[requestClass] += 1;
    this.requests += 1;
    this.lastRequestMs = nowMs;
  }

  end(one: InFlight, requestClass: RequestClass): void {
    if (one.place === -1) return;
    const last = this.#inFlight.pop();
    if (last !== undefined && last !== one) {
      this.#inFlight[one.place] = last;
      last.place = one.place;
    }
    one.place = -1;
    this.inFlightCounts[requestClass] -= 1;
    if (this.#inFlight.length === 0 && this.#waiters.length > 0) this.#wakeWaiters();
  }

  /** The answer turned out to be of another class than the request promised. */
  reclassify(from: RequestClass, to: RequestClass): void {
    this.inFlightCounts[from] -= 1;
    this.inFlightCounts[to] += 1;
    this.begunCounts[from] -= 1;
    this.begunCounts[to] += 1;
  }

  /** Returns true when the health, as routing sees it, changed. */
  note(event: HealthEvent, context: HealthContext): boolean {
    const before = this.#state.health;
    this.#state = nextHealth(this.#state, event, context);
    return this.#state.health !== before;
  }

  get hasBadAnswers(): boolean {
    return this.#state.badAnswers > 0;
  }

  /** Resolves when nothing is in flight. */
  whenIdle(): Promise<void> {
    if (this.#inFlight.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  #wakeWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

export interface EndpointOptions {
  readonly connectMs: number;
  /** What a former worker knew of it; undefined: nothing. */
  readonly health: HealthState["health"] | undefined;
}

function addressOf(config: EndpointConfig, connectMs: number): Address {
  return { host: config.host, port: config.port, connectMs };
}

function logTextOf({ id, release }: EndpointConfig): string {
  return `,"instance":${JSON.stringify(id)},"release":${JSON.stringify(release)}`;
}
