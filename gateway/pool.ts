import { leastConnections, mayEject, roundRobin, usable } from "./balance.ts";
import type { CheckConfig, RouteConfig } from "./config.ts";
import type { Endpoint } from "./endpoint.ts";
import type { HealthEvent } from "./health.ts";

/** Called when an endpoint's health, as routing sees it, changed. */
export type HealthListener = (endpoint: Endpoint) => void;

/** The endpoints of one service and who of them may get traffic now. */
export class Pool {
  readonly name: string;
  readonly #onHealth: HealthListener;
  check: CheckConfig;
  #endpoints: readonly Endpoint[] = [];
  #usable: readonly Endpoint[] = [];
  #turn = 0;

  constructor(name: string, check: CheckConfig, onHealth: HealthListener) {
    this.name = name;
    this.check = check;
    this.#onHealth = onHealth;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  configure(check: CheckConfig, endpoints: readonly Endpoint[]): void {
    this.check = check;
    this.#endpoints = endpoints;
    this.#usable = usable(endpoints);
  }

  /**
   * Another endpoint than those tried, where there is one. With `mayRepeat` the same again
   * otherwise: pointless after a refusal, sensible after a cut connection.
   */
  choose(
    balance: RouteConfig["balance"],
    tried: readonly Endpoint[],
    mayRepeat: boolean,
  ): Endpoint | undefined {
    const pick = balance === "round-robin" ? roundRobin : leastConnections;
    this.#turn = (this.#turn + 1) % TURNS;
    const chosen = pick(this.#usable, this.#turn, tried);
    if (chosen !== undefined || tried.length === 0) return chosen;
    return mayRepeat ? pick(this.#usable, this.#turn, []) : undefined;
  }

  /** What a check or a request has shown of one of its endpoints. */
  note(endpoint: Endpoint, event: HealthEvent): void {
    const { rise, fall } = this.check;
    const wasEjectable = event === "reset" || event === "bad-answer";
    const context = { rise, fall, mayEject: wasEjectable && mayEject(this.#endpoints) };
    if (!endpoint.note(event, context)) return;
    this.#usable = usable(this.#endpoints);
    this.#onHealth(endpoint);
    if (endpoint.health === "unhealthy" || endpoint.health === "ejected") this.#rescue(endpoint);
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

/** The turn wraps here, far below where integers get slow. */
const TURNS = 0x3fff_ffff;
