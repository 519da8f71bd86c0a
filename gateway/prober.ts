import { request } from "node:http";
import type { Clock } from "@seaworthy/std/clock";
import type { CheckConfig } from "./config.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Pool } from "./pool.ts";
import { OWN_LACKS } from "./retry.ts";

/**
 * One that never was healthy is starting: it takes no request, so looking often costs it nothing,
 * and a roll waits for each look.
 */
const STARTING_EVERY_MS = 50;

/** Checks one endpoint for as long as it is configured. Every check is a connection of its own. */
export class Prober {
  readonly pool: Pool;
  readonly #endpoint: Endpoint;
  readonly #clock: Clock;
  readonly #stop = new AbortController();

  constructor(endpoint: Endpoint, pool: Pool, clock: Clock) {
    this.#endpoint = endpoint;
    this.pool = pool;
    this.#clock = clock;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stop.abort();
  }

  /**
   * On schedule, whether or not the check before has ended: a frozen endpoint is then out after
   * at most everyMs + (fall - 1) * everyMs + timeoutMs.
   */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let dueMs = this.#clock.now();
    while (!signal.aborted) {
      void this.#probe();
      dueMs = Math.max(dueMs + this.#everyMs(), this.#clock.now());
      await this.#clock.sleep(dueMs - this.#clock.now(), signal).catch(() => {});
    }
  }

  get #check(): CheckConfig {
    return this.#endpoint.config.check ?? this.pool.check;
  }

  #everyMs(): number {
    const { everyMs } = this.#check;
    return this.#endpoint.health === "unknown" ? Math.min(everyMs, STARTING_EVERY_MS) : everyMs;
  }

  async #probe(): Promise<void> {
    const { host, port } = this.#endpoint.config;
    const { path, timeoutMs } = this.#check;
    const outcome = await checkOnce({ host, port, path, timeoutMs });
    // A late word about an address the endpoint has left is no word about it.
    if (this.#stop.signal.aborted || this.#endpoint.config.port !== port) return;
    this.#endpoint.lastProbe = outcome.text;
    if (outcome.event !== undefined) this.pool.note(this.#endpoint, outcome.event);
  }
}

export interface CheckOutcome {
  /** Undefined: the check could not be made, for want of something of our own. */
  readonly event: "check-passed" | "check-failed" | "refused" | undefined;
  /** For people: `200`, `503`, `refused`, `no answer within 500 ms`. */
  readonly text: string;
}

export interface CheckTarget {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly timeoutMs: number;
}

/** One GET; any 2xx passes. Never rejects. */
function checkOnce(target: CheckTarget): Promise<CheckOutcome> {
  const { host, port, path, timeoutMs } = target;
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = { "user-agent": "seaworthy-gateway-check" };
    const check = request({ host, port, path, agent: false, signal, headers }, (response) => {
      const status = response.statusCode ?? 0;
      const isGood = status >= 200 && status < 300;
      resolve({ event: isGood ? "check-passed" : "check-failed", text: String(status) });
      // The status is the answer; a body that never ends must not hold a descriptor.
      response.on("error", () => {});
      response.resume();
    });
    check.on("error", (error) => {
      const code = "code" in error ? String(error.code) : error.name;
      if (signal.aborted)
        resolve({ event: "check-failed", text: `no answer within ${timeoutMs} ms` });
      else if (OWN_LACKS.includes(code)) resolve({ event: undefined, text: code });
      else if (code === "ECONNREFUSED") resolve({ event: "refused", text: "refused" });
      else resolve({ event: "check-failed", text: code });
    });
    check.end();
  });
}
