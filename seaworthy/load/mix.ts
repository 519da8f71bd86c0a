import { present } from "@seaworthy/std/assert";
import type { Random } from "@seaworthy/std/random";
import type { LoadRequest } from "../system/system.ts";

/**
 * Chooses the kind of each next request: in every cycle of the mix each kind comes exactly as
 * often as its weight says, in an order that chance decides. Pure chance would let two runs of the
 * same plan differ in how many writes they sent; a fixed order would beat in step with a round
 * robin of the same length.
 */
export function mixer(mix: readonly LoadRequest[], random: Random): () => LoadRequest {
  if (mix.length === 0) throw new RangeError("a mix needs at least one request");
  const urn = mix.map((request) => ({ request, left: 0 }));
  return () => {
    let total = remaining(urn);
    // More than once where fractions were overdrawn.
    while (total <= EMPTY) {
      for (const kind of urn) kind.left += kind.request.weight;
      total = remaining(urn);
    }
    const drawn = present(
      draw(urn, random.next() * total),
      "a request in an urn that is not empty",
    );
    drawn.left -= 1;
    return drawn.request;
  };
}

/** Weights are parsed decimals: less than this is a rounding error, not a request. */
const EMPTY = 1e-9;

interface Kind {
  readonly request: LoadRequest;
  /** How many are still to come in this cycle; below zero when a fraction was overdrawn. */
  left: number;
}

function remaining(urn: readonly Kind[]): number {
  let total = 0;
  for (const kind of urn) total += Math.max(0, kind.left);
  return total;
}

function draw(urn: readonly Kind[], at: number): Kind | undefined {
  let left = at;
  let last: Kind | undefined;
  for (const kind of urn) {
    if (kind.left <= 0) continue;
    last = kind;
    left -= kind.left;
    if (left < 0) return kind;
  }
  return last;
}
