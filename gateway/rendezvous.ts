/** Who competes for keys. `seed` stands for its id (`hashText`), the same in every process. */
export interface Contender {
  readonly seed: number;
  readonly weight: number;
}

/**
 * Weighted rendezvous hashing: everybody draws a number for the key, the smallest wins, and a
 * weight divides what is drawn. So each key has its own order of all instances: when one leaves,
 * only its keys move, each to its own second choice, and come back with it. A ring needs hundreds
 * of points an instance to be as even; one with a bounded load moves keys while nobody left. What
 * it costs is a draw for each instance and request.
 */
export function rendezvous<Choice extends Contender>(
  contenders: readonly Choice[],
  key: number,
  tried: readonly Choice[],
): Choice | undefined {
  let best: Choice | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const one of contenders) {
    if (tried.includes(one)) continue;
    const drawn = draw(key, one);
    if (drawn < least) {
      best = one;
      least = drawn;
    }
  }
  return best;
}

/** Exponentially distributed with the weight as its rate: the smallest of them wins by weight. */
function draw(key: number, { seed, weight }: Contender): number {
  const mixed = mix(key ^ mix(seed + GOLDEN));
  return -Math.log((mixed + 0.5) / 2 ** 32) / weight;
}

const GOLDEN = 0x9e37_79b9;

/** 32 bits of a text: FNV-1a over its UTF-16 units, then mixed. For spreading, not for secrets. */
export function hashText(text: string): number {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), 0x0100_0193);
    if (unit > 0xff) hash = Math.imul(hash ^ (unit >>> 8), 0x0100_0193);
  }
  return mix(hash);
}

/** The finalizer of MurmurHash3: each bit of the input reaches each of the output. */
function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
