import type { Clock } from "@seaworthy/std/clock";
import { Connections, type Address } from "./connections.ts";
import type { EndpointConfig } from "./config.ts";
import type { ClassCounts, Ejected, EjectReason, EndpointStatus } from "./control.ts";
import {
  GOOD_STANDING,
  isForgotten,
  isWatched,
  nextStanding,
  type Standing,
  type StandingEvent,
  type StandingRules,
} from "./ejection.ts";
import {
  nextHealth,
  UNKNOWN_HEALTH,
  type HealthEvent,
  type HealthRules,
  type HealthState,
} from "./health.ts";
import { Histogram } from "./histogram.ts";
import { Sample } from "./outlier.ts";
import { hashText } from "./rendezvous.ts";
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
  /** Ends a stream or a socket where its peer loses nothing by it; false: it is none, or ends. */
  windUp(): boolean;
}

/** What checks and requests show of an endpoint. */
export type EndpointEvent = HealthEvent | StandingEvent;

/** What a change is decided by, besides the endpoint itself: its pool. */
export type EndpointRules = HealthRules & StandingRules;

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
  readonly ejections: Record<EjectReason, number> = {
    ...{ lost: 0, timeouts: 0, errors: 0, "error-rate": 0, slow: 0 },
  };
  /** Its place in consistent hashing. */
  readonly seed: number;
  readonly #samples: (Sample | undefined)[] = [];
  requests = 0;
  /** The part of 5xx in its latest answers; what is older counts ever less. */
  errorShare = 0;
  /** On the worker's monotonic clock; undefined before the first request. */
  lastRequestMs: number | undefined = undefined;
  lastProbe: string | undefined = undefined;
  #checked: HealthState;
  #standing: Standing;
  #lastErrorKey: number | undefined = undefined;
  #waiters: (() => void)[] = [];
  #logText: string;

  constructor(config: EndpointConfig, pool: string, options: EndpointOptions) {
    this.id = config.id;
    this.seed = hashText(config.id);
    this.config = config;
    this.pool = pool;
    this.connections = new Connections(addressOf(config, options.connectMs));
    this.#checked = { ...UNKNOWN_HEALTH, health: options.known?.health ?? "unknown" };
    this.#standing = options.known?.standing ?? GOOD_STANDING;
    this.#logText = logTextOf(config);
  }

  /** Its part of a log line, made once. */
  get logText(): string {
    return this.#logText;
  }

  get routed(): boolean {
    return this.config.routed;
  }

  get weight(): number {
    return this.config.weight;
  }

  get health(): EndpointStatus["health"] {
    const { health } = this.#checked;
    if (health === "unhealthy") return health;
    return this.#standing.ejected === undefined ? health : "ejected";
  }

  /** What checks alone say. */
  get checkedHealth(): HealthState["health"] {
    return this.#checked.health;
  }

  ejected(clock: Clock): Ejected | undefined {
    const { ejected, times } = this.#standing;
    if (ejected === undefined) return undefined;
    const untilWallMs = Math.round(clock.wall() + ejected.untilMs - clock.now());
    return { reason: ejected.reason, untilWallMs, times };
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
    this.#checked = UNKNOWN_HEALTH;
    // Another process: what the one before did is not its fault.
    this.#standing = GOOD_STANDING;
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
  note(event: EndpointEvent, rules: EndpointRules): boolean {
    const before = this.health;
    if (event === "check-passed" || event === "check-failed" || event === "refused") {
      this.#checked = nextHealth(this.#checked, event, rules);
      const isUp = event === "check-passed" && this.#checked.passes >= rules.rise;
      if (isUp) this.#standing = nextStanding(this.#standing, event, rules);
    } else {
      this.#judge(event, rules);
    }
    return this.health !== before;
  }

  #judge(event: StandingEvent, rules: StandingRules): void {
    const before = this.#standing.ejected;
    this.#standing = nextStanding(this.#standing, event, rules);
    const after = this.#standing.ejected;
    if (before !== undefined || after === undefined) return;
    this.ejections[after.reason] += 1;
    // Checks that passed before say nothing about what requests have shown since.
    this.#checked = { ...this.#checked, passes: 0 };
  }

  /** Would a good answer be news? */
  get isWatched(): boolean {
    return isWatched(this.#standing);
  }

  /** Was it never ejected, or so long ago that it counts no more? */
  isFirstOffence(nowMs: number): boolean {
    return isForgotten(this.#standing, nowMs);
  }

  /**
   * False for the same failing key again: on a route by keys one bad request, repeated, would eject
   * one instance after another.
   */
  isNewsOfError(key: number): boolean {
    if (key === this.#lastErrorKey) return false;
    this.#lastErrorKey = key;
    return true;
  }

  /** What is compared with the other endpoints' (outlier.ts). */
  sample(lane: number): Sample {
    const known = this.#samples[lane];
    if (known !== undefined) return known;
    const sample = new Sample();
    this.#samples[lane] = sample;
    return sample;
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
  readonly known:
    | { readonly health: HealthState["health"]; readonly standing: Standing }
    | undefined;
}

function addressOf(config: EndpointConfig, connectMs: number): Address {
  return { host: config.host, port: config.port, connectMs };
}

function logTextOf({ id, release }: EndpointConfig): string {
  return `,"instance":${JSON.stringify(id)},"release":${JSON.stringify(release)}`;
}
