import { createHash } from "node:crypto";
import { createServer } from "node:net";
import type { Clock } from "@seaworthy/std/clock";
import { TargetError } from "../../target.ts";
import { LOOPBACK } from "../../../renderers/edge-parts.ts";

/**
 * Below the ephemeral range (Linux: 32768–60999, ip(7) `ip_local_port_range`), so that no
 * outgoing connection of this machine takes a port between two lives of an instance.
 */
const PORT_FIRST = 20_000;
export const PORT_COUNT = 10_000;

/** By then the state names the port, or nobody wants it any more. */
const PROMISE_MS = 10_000;

/**
 * Gives out ports that nobody listens on and nobody of us was given. Two instances that start at
 * once never get the same one: seen to happen, and the probe of one was answered by the other.
 * Each system begins at a place of its own, so that two of them seldom try the same ones.
 */
export class Ports {
  readonly #clock: Clock;
  readonly #start: number;
  readonly #promisedMs = new Map<number, number>();

  constructor(owner: string, clock: Clock) {
    this.#clock = clock;
    this.#start = createHash("sha256").update(owner).digest().readUInt32BE(0) % PORT_COUNT;
  }

  async choose(taken: ReadonlySet<number>): Promise<number> {
    const now = this.#clock.now();
    for (const [port, atMs] of this.#promisedMs) {
      if (now - atMs > PROMISE_MS) this.#promisedMs.delete(port);
    }
    for (let step = 0; step < PORT_COUNT; step += 1) {
      const port = PORT_FIRST + ((this.#start + step) % PORT_COUNT);
      if (taken.has(port) || this.#promisedMs.has(port)) continue;
      this.#promisedMs.set(port, now);
      if (await isFree(LOOPBACK, port)) return port;
    }
    throw new TargetError("failed", `no free port from ${PORT_FIRST} on`);
  }
}

/** Whether one may listen there now. */
export async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
