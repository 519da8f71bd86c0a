import type { Clock } from "@seaworthy/std/clock";
import { leastConnections, mayEject, usable } from "./balance.ts";
import type { CheckConfig, RouteConfig } from "./config.ts";
import type { Endpoint, EndpointEvent } from "./endpoint.ts";
import { ANSWERS_MIN, compare, STRIKES_MAX, type Comparison, type Sample } from "./outlier.ts";
import { rendezvous } from "./rendezvous.ts";
import { Turns } from "./turns.ts";

/** Called when an endpoint's health, as routing sees it, changed. */
export type HealthListener = (endpoint: Endpoint) => void;

/** Routes of one pool whose answers are compared, each apart; those beyond are not. */
const LANES_MAX = 64;
/** Samples that have not filled by then are compared as they are, and begun anew. */
const SAMPLE_MS = 10_000;

/**
 * Where the others have more 5xx than this, one has five in a row by chance once in 100,000 answers
 * or more often: then it takes a comparison to say who is worse.
 */
const OTHERS_ERROR_SHARE_MAX = 0.1;

/** The endpoints of one service and who of them may get traffic now. */
export class Pool {
  readonly name: string;
  readonly #clock: Clock;
  readonly #onHealth: HealthListener;
  check: CheckConfig;
  #endpoints: readonly Endpoint[] = [];
  #usable: readonly Endpoint[] = [];
  #mayEject = false;
  readonly #turns = new Turns<Endpoint>();
  #turn = 0;
  readonly #lanes = new Map<string, number>();
  /** By lane: when its samples were begun. */
  readonly #sampledMs: number[] = [];

  constructor(name: string, check: CheckConfig, options: PoolOptions) {
    this.name = name;
    this.check = check;
    this.#clock = options.clock;
    this.#onHealth = options.onHealth;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  configure(check: CheckConfig, endpoints: readonly Endpoint[]): void {
    this.check = check;
    this.#endpoints = endpoints;
    this.#refresh();
  }

  #refresh(): void {
    this.#usable = usable(this.#endpoints);
    this.#mayEject = mayEject(this.#endpoints);
    this.#turns.configure(this.#usable);
  }

  /**
   * Another endpoint than those tried, where there is one. With `mayRepeat` the same again
   * otherwise: pointless after a refusal, sensible after a cut connection.
   */
  choose(
    balance: Exclude<RouteConfig["balance"], "consistent-hash">,
    tried: readonly Endpoint[],
    mayRepeat: boolean,
  ): Endpoint | undefined {
    const chosen = this.#pick(balance, tried);
    if (chosen !== undefined || tried.length === 0) return chosen;
    return mayRepeat ? this.#pick(balance, []) : undefined;
  }

  #pick(
    balance: Exclude<RouteConfig["balance"], "consistent-hash">,
    tried: readonly Endpoint[],
  ): Endpoint | undefined {
    if (balance === "round-robin") return this.#turns.next(tried);
    this.#turn = (this.#turn + 1) % TURNS;
    return leastConnections(this.#usable, this.#turn, tried);
  }

  /** As `choose`, for a request that is placed by a key. */
  chooseByKey(key: number, tried: readonly Endpoint[], mayRepeat: boolean): Endpoint | undefined {
    const chosen = rendezvous(this.#usable, key, tried);
    if (chosen !== undefined || tried.length === 0) return chosen;
    return mayRepeat ? rendezvous(this.#usable, key, []) : undefined;
  }

  /**
   * Where the answers of a route are sampled, over all configurations: an even number, the odd one
   * beside it is for requests that are not safe. -1: they are not.
   */
  laneOf(route: string): number {
    const known = this.#lanes.get(route);
    if (known !== undefined) return known;
    if (this.#lanes.size >= LANES_MAX) return -1;
    const lane = this.#lanes.size * 2;
    this.#lanes.set(route, lane);
    return lane;
  }

  /** What a check or a request has shown of one of its endpoints. */
  note(endpoint: Endpoint, event: EndpointEvent): void {
    const { rise, fall } = endpoint.config.check ?? this.check;
    const othersAnswer = event !== "error" || this.#doOthersAnswer(endpoint);
    const nowMs = this.#clock.now();
    const isTaking = endpoint.routed && endpoint.weight > 0;
    const rules = { rise, fall, nowMs, mayEject: this.#mayEject && isTaking, othersAnswer };
    if (!endpoint.note(event, rules)) return;
    this.#refresh();
    this.#onHealth(endpoint);
    if (endpoint.health === "unhealthy" || endpoint.health === "ejected") this.#rescue(endpoint);
  }

  /** Lets those return whose time has come, and compares what requests have shown. */
  judge(): void {
    for (const endpoint of this.#endpoints) {
      if (endpoint.health === "ejected") this.note(endpoint, "time");
    }
    for (let lane = 0; lane < this.#lanes.size * 2; lane += 1) this.#judgeLane(lane);
  }

  #judgeLane(lane: number): void {
    const endpoints = this.#usable;
    const samples = endpoints.map((one) => one.sample(lane));
    const nowMs = this.#clock.now();
    const isLate = nowMs - (this.#sampledMs[lane] ?? 0) >= SAMPLE_MS;
    // One with a small share would never have enough if the others' were not waited with.
    if (!isLate && !samples.every((sample) => sample.tries >= ANSWERS_MIN)) return;
    this.#sampledMs[lane] = nowMs;
    if (samples.every((sample) => sample.tries === 0)) return;
    for (const [index, comparison] of compare(samples).entries()) {
      const endpoint = endpoints[index];
      if (endpoint !== undefined) this.#strike(endpoint, endpoint.sample(lane), comparison);
    }
    for (const endpoint of this.#endpoints) endpoint.sample(lane).clear();
  }

  /** One lost comparison is enough for an endpoint that came back not long ago. */
  #strike(endpoint: Endpoint, sample: Sample, comparison: Comparison): void {
    if (comparison === "too-few") return;
    sample.strikes = comparison === "par" ? 0 : sample.strikes + 1;
    if (comparison === "par") return;
    const strikesMax = endpoint.isFirstOffence(this.#clock.now()) ? STRIKES_MAX : 1;
    if (sample.strikes >= strikesMax) this.note(endpoint, comparison);
  }

  #doOthersAnswer(endpoint: Endpoint): boolean {
    const others = this.#usable.filter((one) => one !== endpoint);
    const share = others.reduce((sum, one) => sum + one.errorShare, 0) / others.length;
    return share < OTHERS_ERROR_SHARE_MAX;
  }

  /** Does anyone else take traffic? */
  #hasOther(endpoint: Endpoint): boolean {
    return this.#usable.some((one) => one !== endpoint);
  }

  /** What waits at an endpoint that went out and may be repeated is sent elsewhere at once. */
  #rescue(endpoint: Endpoint): void {
    if (!this.#hasOther(endpoint)) return;
    for (const one of endpoint.snapshot()) {
      if (one.isMovable) one.takeAway("endpoint-out");
    }
  }
}

export interface PoolOptions {
  readonly clock: Clock;
  readonly onHealth: HealthListener;
}

/** The turn wraps here, far below where integers get slow. */
const TURNS = 0x3fff_ffff;
