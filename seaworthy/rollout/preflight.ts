import type { Observed } from "../targets/target.ts";
import type { ConvergeRequest } from "./request.ts";

/** Why nothing is begun, or undefined. Looks only; nothing was journalled yet. */
export function preflight(request: ConvergeRequest, observed: Observed): string | undefined {
  const { plan, graph, releases } = request;
  if (plan.basis.declaration !== graph.declarationHash) {
    return "the declaration changed since the plan was made";
  }
  if (plan.basis.observed !== observed.basis) return "what runs changed since the plan was made";
  const known = new Set(
    observed.units.flatMap((unit) => [
      unit.committed,
      unit.previous,
      ...unit.instances.map((one) => one.release),
    ]),
  );
  const given = new Set([...releases.values()].map(({ release }) => release.id));
  for (const { unit, from, to, action } of plan.steps) {
    if (to !== undefined && !known.has(to) && !given.has(to)) {
      return `${unit}: release ${to} is not known here`;
    }
    // Without the way back, a failure could only be left as it is.
    if (action === "roll" && from !== undefined && !known.has(from)) {
      return `${unit}: release ${from}, the way back, is no longer there`;
    }
  }
  return undefined;
}
