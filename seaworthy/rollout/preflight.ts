import { formatBytes } from "@seaworthy/std/bytes";
import type { Headroom, Observed } from "../targets/target.ts";
import type { ConvergeRequest } from "./request.ts";

/** No program of any language needs less; what is declared tells more, once it is declared. */
const INSTANCE_BYTES_MIN = 16 * 1_048_576;

/**
 * Whether what runs at once during the operation would fit; undefined when it does. Content has
 * its own budget: a target refuses to `put` what the disk cannot hold.
 */
export function overBudget(request: ConvergeRequest, headroom: Headroom): string | undefined {
  const extra = extraInstances(request);
  if (extra === 0) return undefined;
  const needed = extra * INSTANCE_BYTES_MIN;
  if (headroom.memoryBytes < needed) {
    const free = formatBytes(Math.floor(headroom.memoryBytes / 1_048_576) * 1_048_576);
    const least = `at least ${formatBytes(needed)} of memory`;
    return `${extra} more instances need ${least}; ${free} is free`;
  }
  if (headroom.addresses < extra) {
    return `${extra} more instances need a port each; ${headroom.addresses} are free`;
  }
  return undefined;
}

/** Units roll one after the other, so the widest surge counts; what is created comes on top. */
function extraInstances({ plan, graph }: ConvergeRequest): number {
  let created = 0;
  let surge = 0;
  for (const { action, unit: name, replicas } of plan.steps) {
    const unit = graph.units.find((one) => one.name === name);
    if (unit?.kind !== "service") continue;
    if (action === "roll") surge = Math.max(surge, unit.rollout.surge, 1);
    else created += Math.max(0, replicas.to - replicas.from);
  }
  return created + surge;
}

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
