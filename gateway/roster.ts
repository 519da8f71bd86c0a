import type { Clock } from "@seaworthy/std/clock";
import type { GatewayConfig, PoolConfig } from "./config.ts";
import { Endpoint, type EndpointOptions } from "./endpoint.ts";
import { standingFrom } from "./ejection.ts";
import type { KnownEndpoint, KnownEndpoints } from "./orders.ts";
import { Pool, type HealthListener } from "./pool.ts";
import { Prober } from "./prober.ts";

/** How often instances are compared: the most by which one that is slow is noticed later. */
const JUDGE_EVERY_MS = 1_000;

/**
 * All pools and endpoints of a worker. What a new configuration keeps, keeps its counters, health
 * and connections; what it drops finishes what it has and then is forgotten.
 */
export class Roster {
  readonly #clock: Clock;
  readonly #onHealth: HealthListener;
  #known: KnownEndpoints;
  readonly #stopping = new AbortController();
  readonly #pools = new Map<string, Pool>();
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #probers = new Map<string, Prober>();
  /** Out of the configuration, with requests still in flight. */
  readonly #leaving = new Set<Endpoint>();

  constructor(options: RosterOptions) {
    this.#clock = options.clock;
    this.#onHealth = options.onHealth;
    this.#known = options.known;
    void this.#judge();
  }

  pool(name: string): Pool | undefined {
    return this.#pools.get(name);
  }

  endpoint(id: string): Endpoint | undefined {
    return this.#endpoints.get(id);
  }

  get endpoints(): Iterable<Endpoint> {
    return this.#endpoints.values();
  }

  /** Those that still have requests, though no configuration names them any more. */
  get leaving(): Iterable<Endpoint> {
    return this.#leaving;
  }

  /** Synchronous: no request sees half of it. */
  configure(config: GatewayConfig): void {
    const wanted = new Set(config.pools.flatMap((pool) => pool.endpoints.map((one) => one.id)));
    for (const endpoint of this.#endpoints.values()) {
      if (!wanted.has(endpoint.id)) this.#retire(endpoint);
    }
    const names = new Set(config.pools.map((pool) => pool.name));
    for (const pool of this.#pools.values()) {
      if (!names.has(pool.name)) this.#pools.delete(pool.name);
      pool.configure(pool.check, []);
    }
    for (const pool of config.pools) this.#configurePool(pool, config.timeouts.connectMs);
    // What a former worker knew is old news for whoever comes later.
    this.#known = {};
  }

  /** Ends the checks; connections die with the process. */
  stop(): void {
    this.#stopping.abort();
    for (const prober of this.#probers.values()) prober.stop();
    this.#probers.clear();
  }

  #configurePool(config: PoolConfig, connectMs: number): void {
    const pool =
      this.#pools.get(config.name) ??
      new Pool(config.name, config.check, { clock: this.#clock, onHealth: this.#onHealth });
    this.#pools.set(config.name, pool);
    const endpoints = config.endpoints.map((one) => {
      const options = { connectMs, known: this.#fromBefore(this.#known[one.id]) };
      const known = this.#endpoints.get(one.id);
      known?.configure(one, config.name, options);
      const endpoint = known ?? new Endpoint(one, config.name, options);
      this.#endpoints.set(one.id, endpoint);
      return endpoint;
    });
    pool.configure(config.check, endpoints);
    for (const endpoint of endpoints) this.#probe(endpoint, pool);
  }

  #fromBefore(known: KnownEndpoint | undefined): EndpointOptions["known"] {
    if (known === undefined) return undefined;
    return { health: known.health, standing: standingFrom(known.ejected, this.#clock) };
  }

  async #judge(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#clock.sleep(JUDGE_EVERY_MS, signal).catch(() => {});
      for (const pool of this.#pools.values()) pool.judge();
    }
  }

  #probe(endpoint: Endpoint, pool: Pool): void {
    const before = this.#probers.get(endpoint.id);
    if (before?.pool === pool) return;
    before?.stop();
    const prober = new Prober(endpoint, pool, this.#clock);
    this.#probers.set(endpoint.id, prober);
    prober.start();
  }

  #retire(endpoint: Endpoint): void {
    this.#endpoints.delete(endpoint.id);
    this.#probers.get(endpoint.id)?.stop();
    this.#probers.delete(endpoint.id);
    endpoint.config = { ...endpoint.config, routed: false };
    this.#leaving.add(endpoint);
    void endpoint.whenIdle().then(() => {
      this.#leaving.delete(endpoint);
      endpoint.connections.close();
    });
  }
}

export interface RosterOptions {
  readonly clock: Clock;
  readonly onHealth: HealthListener;
  readonly known: KnownEndpoints;
}
