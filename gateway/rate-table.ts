import type { RateLimit } from "./config.ts";

/**
 * Clients whose buckets are known at a time: more than a gateway can serve between two requests
 * of one of them, unless less than one a minute is allowed. 12 bytes each, taken at once.
 */
const CLIENTS_MAX = 65_536;
/** Places a client may have: a lookup reads so many neighbours, and no more. */
const WAYS = 8;

export interface RateTableOptions {
  /** Two numbers that no client knows: else it could choose its neighbours. */
  readonly seeds: readonly [number, number];
  readonly clientsMax?: number;
}

/**
 * A token bucket for each client, in a table of fixed size. A bucket is one number: the time at
 * which it will be full again (the generic cell rate algorithm, ITU-T I.371 annex A).
 *
 * Where all places of a newcomer are taken, it takes over the bucket that is full soonest, as it
 * is, with what is missing in it. So whoever was pushed out and comes back finds at least its own
 * debt there: pushing oneself out gains nothing, whatever it costs. The price is that newcomers may
 * share a bucket while more than `CLIENTS_MAX` clients owe something.
 */
export class RateTable {
  readonly #seeds: readonly [number, number];
  readonly #sets: number;
  /** Which client has the place, as a hash; two clients with one hash share a bucket. */
  readonly #tags: Uint32Array;
  /** When its bucket is full again, ms of the monotonic clock. */
  readonly #fullAtMs: Float64Array;
  /** Newcomers that took over a bucket in which something was missing. */
  shared = 0;

  constructor({ seeds, clientsMax = CLIENTS_MAX }: RateTableOptions) {
    this.#seeds = seeds;
    this.#sets = Math.max(1, Math.floor(clientsMax / WAYS));
    this.#tags = new Uint32Array(this.#sets * WAYS);
    this.#fullAtMs = new Float64Array(this.#sets * WAYS);
  }

  get bytes(): number {
    return this.#tags.byteLength + this.#fullAtMs.byteLength;
  }

  /** Takes one token: 0, or for how long, in ms, there is none. A refusal costs the client none. */
  take(client: string, limit: RateLimit, nowMs: number): number {
    const tag = hash(client, this.#seeds[0]);
    const place = this.#placeOf(client, tag);
    const perTokenMs = limit.perMs / limit.requests;
    const owedMs = Math.max(0, (this.#fullAtMs[place] ?? 0) - nowMs);
    const waitMs = owedMs + perTokenMs - limit.burst * perTokenMs;
    if (waitMs > ROUNDING_MS) return waitMs;
    if (this.#tags[place] !== tag) {
      if (owedMs > 0) this.shared += 1;
      this.#tags[place] = tag;
    }
    this.#fullAtMs[place] = nowMs + owedMs + perTokenMs;
    return 0;
  }

  /** The client's own place, or of its set the one that is full soonest. */
  #placeOf(client: string, tag: number): number {
    const first = (hash(client, this.#seeds[1]) % this.#sets) * WAYS;
    let soonest = first;
    for (let place = first; place < first + WAYS; place += 1) {
      if (this.#tags[place] === tag) return place;
      if ((this.#fullAtMs[place] ?? 0) < (this.#fullAtMs[soonest] ?? 0)) soonest = place;
    }
    return soonest;
  }
}

/** A third of a second three times is not quite one in binary: nobody waits for the difference. */
const ROUNDING_MS = 1e-6;

/** Murmur's mixing: even, quick, and nothing that is secret depends on it but the neighbourhood. */
function hash(text: string, seed: number): number {
  let state = seed | 0;
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x5bd1e995);
    state ^= state >>> 15;
  }
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
