import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { JournalEntry, JournalledChange } from "../record/journal.ts";
import type { ReleaseId } from "../record/release.ts";
import { unendedChanges } from "../record/under-way.ts";
import { servingOf } from "./diff.ts";
import { expectationOf, stepDeadlineMs } from "./expectation.ts";
import type { Graph, ServiceUnit, UnitName } from "./graph.ts";
import { numberOf } from "./instance-number.ts";
import type { Observed, ObservedUnit } from "./observed.ts";
import type { Plan, PlanStep } from "./plan.ts";

export interface RestartInput {
  /** As defined on the target (`Observed.graph`): a restart changes no definition. */
  readonly graph: Graph;
  readonly observed: Observed;
  readonly services: readonly UnitName[];
  /** Tells which instances a restart that died had still to replace. */
  readonly journal: readonly JournalEntry[];
}

/**
 * Every instance of these services becomes another one of the same release, by the service's own
 * strategy. Refuses what does not run one proved release alone: `up` finishes that first. A restart
 * that died is gone on with: only what was there when it began is replaced.
 */
export function restartPlan(input: RestartInput): Result<Plan, string> {
  const { graph, observed } = input;
  const steps: PlanStep[] = [];
  for (const name of input.services) {
    const unit = graph.units.find((one) => one.name === name);
    const seen = observed.units.find((one) => one.name === name);
    if (unit?.kind !== "service" || seen === undefined)
      return refuse(`no service ${name} runs here`);
    const step = restartStep(unit, seen, input.journal);
    if (!step.ok) return step;
    steps.push({ id: `s${steps.length + 1}`, ...step.value });
  }
  return ok({
    system: graph.system,
    environment: graph.environment,
    target: graph.platform,
    basis: { declaration: graph.declarationHash, observed: observed.basis },
    steps,
    expect: expectationOf(steps, graph),
    losesEvidence: [],
  });
}

function restartStep(
  unit: ServiceUnit,
  seen: ObservedUnit,
  journal: readonly JournalEntry[],
): Result<Omit<PlanStep, "id">, string> {
  const { name } = unit;
  const release = servingOf(seen);
  const replicas = seen.scaleOverride ?? seen.desired;
  if (release === undefined || replicas === 0) return refuse(`nothing of ${name} runs here`);
  const left = leftToRenew(seen, unendedChanges(journal, name), release);
  const isPure = seen.instances.every((one) => one.release === release);
  if (seen.committed !== release || !isPure || (left === undefined && !isWhole(seen))) {
    return refuse(`${name} is half-way to another state: seaworthy up finishes that first`);
  }
  const all = `every instance becomes another one of ${release}`;
  const due = left === undefined ? "" : `; ${left.count} are left of a restart that died`;
  return ok({
    action: "restart",
    unit: unit.name,
    from: release,
    to: release,
    replicas: { from: replicas, to: replicas },
    renewFrom: left?.renewFrom ?? seen.nextInstance,
    deadlineMs: stepDeadlineMs("restart", unit, replicas),
    reason: `${all}${due}`,
    fields: [],
  });
}

/** Each serves, or was taken out by a person: there is no leftover. */
function isWhole({ instances }: ObservedUnit): boolean {
  return instances.every((one) => one.routed || one.isolated !== undefined);
}

/** What a restart that died had not replaced; undefined: there was none, or it had done it all. */
function leftToRenew(
  seen: ObservedUnit,
  unended: readonly JournalledChange[],
  release: ReleaseId,
): { readonly renewFrom: number; readonly count: number } | undefined {
  const renewFrom = unended.findLast(({ to }) => to === release)?.renewFrom;
  if (renewFrom === undefined) return undefined;
  const count = seen.instances.filter(({ id }) => numberOf(id) < renewFrom).length;
  return count === 0 && isWhole(seen) ? undefined : { renewFrom, count };
}
