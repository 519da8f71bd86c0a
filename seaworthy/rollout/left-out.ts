import type { ObservedInstance } from "../plan/observed.ts";
import type { UnitRoll } from "./unit-roll.ts";

/** Ejections of a new instance, beside old ones without any, that are no accident. */
const EJECTIONS_MAX = 2;

type Watched = Pick<UnitRoll, "goal" | "seen">;

/**
 * What the edge leaves out for its errors or its slowness gets no requests to be judged by, and is
 * never ready. Once is what a cold start looks like, and it comes back; again is the verdict of the
 * edge itself. It is one only while the release before takes requests too and is not left out:
 * else it says something about the machine, or about nothing.
 */
export class LeftOut {
  #controlToo = false;

  /** The instances of the new release that it speaks against, at this look. */
  look({ goal, seen }: Watched): readonly ObservedInstance[] {
    const isOld = ({ release }: ObservedInstance): boolean => release === goal.from;
    this.#controlToo ||= seen.instances.some((one) => isOld(one) && one.ejected !== undefined);
    const isBeside = seen.instances.some((one) => isOld(one) && one.routed);
    if (this.#controlToo || !isBeside || goal.to === goal.from) return [];
    return seen.instances.filter(
      ({ release, ejected }) => release === goal.to && (ejected?.times ?? 0) >= EJECTIONS_MAX,
    );
  }
}

/** For a person: who, why, and how often. */
export function saidOf({ id, ejected }: ObservedInstance): string {
  return `${id} of the new release was ${ejected?.because} (${ejected?.times} times)`;
}
