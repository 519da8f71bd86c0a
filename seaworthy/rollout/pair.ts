import { endOwn, harmless, sendOwn } from "./own-requests.ts";
import type { Roller, UnitRoll } from "./unit-roll.ts";

/** Asks an inner listener for one instance (gateway/config.ts). */
const INSTANCE_HEADER = "seaworthy-instance";

/**
 * Asks a canary and as many old instances for the same, equally often and over the same time, by
 * name: so that a share of few requests can be judged, against a group of its own size. Ends with
 * its disposal. Where nothing can be sent, only what users send is compared.
 */
export async function startPair(
  roll: UnitRoll,
  roller: Roller,
): Promise<AsyncDisposable | undefined> {
  const { unit, goal, seen } = roll;
  if (unit === undefined || seen.url === undefined) return undefined;
  const routed = seen.instances.filter((one) => one.routed);
  const fresh = routed.filter((one) => one.release === goal.to);
  const control = routed.filter((one) => one.release === goal.from).slice(0, fresh.length);
  const mix = [...fresh, ...control].map(({ id }) => harmless(unit, { [INSTANCE_HEADER]: id }));
  const name = `${unit.name}-step-${roll.memory.passed + 1}`;
  const run = await sendOwn(roller, { name, url: seen.url, mix });
  if (typeof run === "string") return undefined;
  return {
    [Symbol.asyncDispose]: async () => {
      // What it saw the edge has counted; that it cannot say more is no reason to go back.
      await endOwn(roller, run).catch(() => undefined);
    },
  };
}
