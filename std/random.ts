import { randomBytes } from "node:crypto";

/** Chance as a parameter: the same seed gives the same choices on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, below). */
  below(below: number): number;
}

/** Mulberry32: 32 bits of state, good enough to vary drills and load; never for secrets. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { next, below: (below) => Math.floor(next() * below) };
}

/** A seed nobody chose, small enough to type again: 1 to 999,999. */
export function freshSeed(): number {
  return 1 + (randomBytes(4).readUInt32BE() % 999_999);
}

/** An identifier that does not collide: `bytes` of randomness in hex. */
export function freshId(bytes = 8): string {
  return randomBytes(bytes).toString("hex");
}
