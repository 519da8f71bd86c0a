import type { Clock } from "@seaworthy/std/clock";
import { AccessLog } from "./access-log.ts";
import { TrustedProxies } from "./client-address.ts";
import type { GatewayLimits, GatewayTimeouts, ListenerConfig, RouteConfig } from "./config.ts";
import { Descriptors } from "./descriptors.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Pool } from "./pool.ts";
import { RateTable } from "./rate-table.ts";
import { Stamp } from "./stamp.ts";
import { TimerWheel } from "./timer-wheel.ts";
import { Totals } from "./totals.ts";

/** A route with the pool it names: what an exchange needs of the configuration it arrived under. */
export interface Route extends RouteConfig {
  readonly to: Pool;
  /** Where its pool samples its answers; -1: they are compared with nothing. */
  readonly lane: number;
}

/** What a request needs to know of the listener it came by. */
export interface Entrance {
  readonly name: string;
  readonly kind: ListenerConfig["kind"];
  readonly scheme: "http" | "https";
}

/** An answer whose head may have to go out before its body comes. */
export interface Unflushed {
  flushHead(): void;
}

const SETTLED = Promise.resolve();

/** What all requests of one worker share. `limits` and `timeouts` change with each `apply`. */
export class Traffic {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly accessLog: AccessLog;
  readonly stamp: Stamp;
  readonly totals = new Totals();
  limits: GatewayLimits;
  timeouts: GatewayTimeouts;
  /** Whose word about former hops is believed. */
  proxies = new TrustedProxies([]);
  readonly descriptors: Descriptors;
  readonly rates: RateTable;
  /** Every answer from now on closes its connection. */
  isDraining = false;
  readonly #find: (id: string) => Endpoint | undefined;
  readonly #idPrefix: string;
  #lastId = 0;
  #unflushed: Unflushed[] = [];

  constructor(options: TrafficOptions) {
    this.clock = options.clock;
    this.wheel = new TimerWheel(options.clock);
    this.accessLog = new AccessLog(options.clock);
    this.stamp = new Stamp(options.clock);
    this.limits = options.limits;
    this.timeouts = options.timeouts;
    this.descriptors = new Descriptors(options.descriptorLimit);
    this.rates = new RateTable({ seeds: options.rateSeeds });
    this.#find = options.find;
    this.#idPrefix = options.idPrefix;
  }

  endpoint(id: string): Endpoint | undefined {
    return this.#find(id);
  }

  /** Unique as long as the prefix is; not a secret. */
  nextRequestId(): string {
    this.#lastId += 1;
    return `${this.#idPrefix}-${this.#lastId.toString(36)}`;
  }

  /**
   * Flushes the head after what the parser has at hand was passed on: a short answer then goes out
   * in one piece, and the head of a slow stream at once.
   */
  flushSoon(one: Unflushed): void {
    // A settled promise is a cheaper microtask than queueMicrotask's, which has an async resource.
    if (this.#unflushed.push(one) === 1) void SETTLED.then(this.#flush);
  }

  readonly #flush = (): void => {
    const all = this.#unflushed;
    this.#unflushed = [];
    for (const one of all) one.flushHead();
  };
}

export interface TrafficOptions {
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly timeouts: GatewayTimeouts;
  readonly find: (id: string) => Endpoint | undefined;
  /** 8 to 40 characters of [A-Za-z0-9_], different for each worker. */
  readonly idPrefix: string;
  /** Undefined: not known; then only the declared limits count. */
  readonly descriptorLimit: number | undefined;
  /** Known to nobody else. */
  readonly rateSeeds: readonly [number, number];
}
