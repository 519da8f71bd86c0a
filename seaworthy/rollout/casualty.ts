import { ENDS_MAX, staysDown } from "../targets/stays-down.ts";
import type { Situation } from "./goal.ts";
import { isFresh } from "./standing.ts";

/**
 * Only what this run started counts against the release; what was there before is replaced. Until
 * it was ready once, its own `await-ready` judges it: many a service needs a second try to boot.
 */
export function casualty(situation: Situation): string | undefined {
  const { world, memory } = situation;
  const ours = world.instances.filter(
    (one) => isFresh(one, situation) && memory.started.has(one.id) && !memory.stopped.has(one.id),
  );
  for (const one of ours) {
    const isDown = one.state === "gone" || one.state === "backing-off";
    const wasReady = memory.verified.has(one.id);
    // Of one that is just gone nobody has said yet how it ended.
    const end = one.state === "gone" || one.because === undefined ? "" : ` (${one.because})`;
    if (one.state === "failed" || (isDown && wasReady)) {
      return `${one.id} of the new release died${end}`;
    }
    if (one.restarts < ENDS_MAX) continue;
    if (!wasReady) return staysDown(one.id, { last: one.because });
    return `${one.id} of the new release restarted ${one.restarts} times${end}`;
  }
  return undefined;
}
