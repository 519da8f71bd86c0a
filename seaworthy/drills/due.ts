import type { Evidence } from "../record/evidence.ts";
import { CATALOGUE, type DrillName, isDrillName } from "./catalogue.ts";
import { type ObjectiveQuestion, staleBecause } from "./objectives.ts";

/** When a drill was last played to a verdict, and when it is to be played again. */
export interface DueDrill {
  readonly drill: DrillName;
  /** RFC 3339; undefined: never to a verdict that still speaks of what serves. */
  readonly lastAt: string | undefined;
  /** RFC 3339; undefined: at once. */
  readonly dueAt: string | undefined;
  readonly due: boolean;
  readonly because: string;
}

/** Every drill there is, the gentlest first. */
export function drillsByTier(): readonly DrillName[] {
  const names = Object.keys(CATALOGUE).filter(isDrillName);
  return names.toSorted((a, b) => CATALOGUE[a].tier.localeCompare(CATALOGUE[b].tier, "en"));
}

/**
 * Which of these drills are due. One that was held or missed is due again after `everyMs`; one
 * that verified nothing, or whose evidence does not speak of what serves now, is due at once.
 */
export function dueDrills(
  drills: readonly DrillName[],
  question: ObjectiveQuestion & { readonly everyMs: number },
): readonly DueDrill[] {
  return drills.map((drill) => {
    const last = question.evidence.findLast(
      (one) => one.drill === drill && (one.verdict === "held" || one.verdict === "missed"),
    );
    if (last === undefined) {
      return {
        drill,
        lastAt: undefined,
        dueAt: undefined,
        due: true,
        because: "no verdict yet",
      };
    }
    return { drill, lastAt: last.at, ...dueAfter(last, question) };
  });
}

function dueAfter(
  last: Evidence,
  question: ObjectiveQuestion & { readonly everyMs: number },
): Pick<DueDrill, "dueAt" | "due" | "because"> {
  const stale = staleBecause(last, question);
  if (stale !== undefined) return { dueAt: undefined, due: true, because: stale };
  const dueAt = new Date(Date.parse(last.at) + question.everyMs).toISOString();
  return { dueAt, due: false, because: `${last.verdict} at ${last.at}` };
}
