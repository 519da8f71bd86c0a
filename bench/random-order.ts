import { seeded } from "@seaworthy/std/random";

/** All of them, in an order that the seed alone decides (Fisher–Yates). */
export function inRandomOrder<Item>(items: readonly Item[], seed: number): readonly Item[] {
  const random = seeded(seed);
  const left = [...items];
  return items.flatMap(() => left.splice(random.below(left.length), 1));
}
