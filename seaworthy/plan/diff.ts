import type { Release, ReleaseId } from "../record/release.ts";
import type { ObjectiveName } from "../system/system.ts";
import { changedFields, definitionOf, fieldsOf } from "./definition.ts";
import { expectationOf, stepDeadlineMs } from "./expectation.ts";
import type { EdgeUnit, Graph, JobUnit, ServiceUnit, Unit, UnitName } from "./graph.ts";
import type { Observed, ObservedInstance, ObservedUnit } from "./observed.ts";
import { unitsInOrder } from "./order.ts";
import { strategyText } from "./strategy.ts";
import { releaseChanges } from "./release-changes.ts";
import type { FieldChange, Plan, PlanAction, PlanStep } from "./plan.ts";

export interface DiffInput {
  readonly graph: Graph;
  readonly observed: Observed;
  /** What each service and job would be made of now; a unit without one keeps what it has. */
  readonly releases: ReadonlyMap<UnitName, Release>;
  /** Releases that are known from before, by id: what one is made of is compared with the next. */
  readonly known?: ReadonlyMap<ReleaseId, Release>;
  /** Objectives that evidence speaks of today. */
  readonly provenObjectives: Iterable<ObjectiveName>;
  /** Only these units; undefined: all, and what is no longer declared is removed. */
  readonly narrowTo?: readonly UnitName[];
}

/**
 * What would have to change so that the world is what the graph says. Pure; the same input gives
 * the same plan in any order of units, and a world that already is so gives no step.
 * Order: jobs, then services (needed ones first), then the edge, then removals.
 */
export function diff(input: DiffInput): Plan {
  const { graph, observed, narrowTo } = input;
  const wanted = unitsInOrder(graph).filter((unit) => narrowTo?.includes(unit.name) !== false);
  const drafts = [...wanted.flatMap((unit) => draftsFor(unit, input)), ...removals(input)];
  const steps = drafts.map((draft, index) => ({ id: `s${index + 1}`, ...draft }));
  return {
    system: graph.system,
    environment: graph.environment,
    target: graph.platform,
    basis: { declaration: graph.declarationHash, observed: observed.basis },
    steps,
    expect: expectationOf(steps, graph),
    losesEvidence: losesEvidence(input, steps),
  };
}

type Draft = Omit<PlanStep, "id">;

function draftsFor(unit: Unit, input: DiffInput): readonly Draft[] {
  const seen = input.observed.units.find(({ name }) => name === unit.name);
  switch (unit.kind) {
    case "job":
      return jobDrafts(unit, seen, input);
    case "service":
      return serviceDrafts(unit, seen, input);
    case "edge":
      return edgeDrafts(unit, seen, input);
    default:
      return unit satisfies never;
  }
}

/** Once per release; a release that ran before is not run again when one goes back to it. */
function jobDrafts(
  unit: JobUnit,
  seen: ObservedUnit | undefined,
  input: DiffInput,
): readonly Draft[] {
  const to = input.releases.get(unit.name)?.id;
  if (unit.when !== "before-rollout") return laterJobDrafts(unit, seen, input);
  const ran = [seen?.committed, seen?.previous];
  const change = { unit, from: seen?.committed, to, replicas: { from: 0, to: 0 } };
  if (to !== undefined && !ran.includes(to)) {
    const reason = `${to} has not run here`;
    return [draft("run-job", change, { reason, fields: fieldChanges(unit, input).all })];
  }
  return configureDraft(unit, seen, input);
}

/** Not run by the operation: its next run, when it is due or asked for, uses this release. */
function laterJobDrafts(
  unit: JobUnit,
  seen: ObservedUnit | undefined,
  input: DiffInput,
): readonly Draft[] {
  const to = input.releases.get(unit.name)?.id;
  const from = seen?.committed;
  if (to === undefined || to === from) return configureDraft(unit, seen, input);
  const change = { unit, from, to, replicas: { from: 0, to: 0 } };
  const how = unit.schedule === undefined ? "by hand" : `at ${unit.schedule} (UTC)`;
  const { all } = fieldChanges(unit, input);
  const known = from === undefined ? undefined : input.known?.get(from);
  const fields = [...all, ...releaseChanges(known, input.releases.get(unit.name))];
  if (from === undefined) return [draft("create", change, { reason: `runs ${how}`, fields: [] })];
  return [draft("roll", change, { reason: `its next run, ${how}, uses ${to}`, fields })];
}

function edgeDrafts(
  unit: EdgeUnit,
  seen: ObservedUnit | undefined,
  input: DiffInput,
): readonly Draft[] {
  if (seen !== undefined) return configureDraft(unit, seen, input);
  const change = { unit, from: undefined, to: undefined, replicas: { from: 0, to: 1 } };
  return [draft("create", change, { reason: "it is not here yet", fields: [] })];
}

function serviceDrafts(
  unit: ServiceUnit,
  seen: ObservedUnit | undefined,
  input: DiffInput,
): readonly Draft[] {
  const serving = seen === undefined ? undefined : servingOf(seen);
  const to = input.releases.get(unit.name)?.id ?? serving;
  // What a person isolated is there, and comes back.
  const isThere = (one: ObservedInstance) => one.routed || one.isolated !== undefined;
  const now = seen?.instances.filter(isThere).length ?? 0;
  const change = { unit, from: serving, to, replicas: { from: now, to: unit.replicas } };
  if (seen === undefined || (seen.instances.length === 0 && seen.committed === undefined)) {
    return [draft("create", change, { reason: "it is not here yet", fields: [] })];
  }
  const fields = fieldChanges(unit, input);
  if (serving !== undefined && to !== serving) {
    const how = strategyText(unit.rollout);
    const by = how === undefined ? "" : ` · ${how}`;
    const reason = `${to} instead of ${serving}${overrideNote(unit, seen)}${by}`;
    const content = releaseChanges(
      input.known?.get(serving),
      input.releases.get(unit.name) ?? input.known?.get(to ?? ""),
    );
    const roll = draft("roll", change, { reason, fields: [...fields.ofRelease, ...content] });
    const others = fields.ofDefinition;
    return others.length === 0 ? [roll] : [roll, configure(unit, others)];
  }
  const leftover = leftoverOf(unit, seen, to);
  if (leftover !== undefined) return [draft("repair", change, { reason: leftover, fields: [] })];
  const scale = now === unit.replicas ? [] : [scaleDraft(unit, seen, change)];
  const isOnlyScale = scale.length > 0 && fields.ofDefinition.length === 0;
  return isOnlyScale ? scale : [...scale, ...configureDraft(unit, seen, input)];
}

interface Change {
  readonly unit: Unit;
  readonly from: ReleaseId | undefined;
  readonly to: ReleaseId | undefined;
  readonly replicas: { readonly from: number; readonly to: number };
}

function scaleDraft(unit: ServiceUnit, seen: ObservedUnit, change: Change): Draft {
  const { from, to } = change.replicas;
  const reason = `${to} instead of ${from}${overrideNote(unit, seen)}`;
  const fields = [{ path: "replicas", from: String(from), to: String(to) }];
  return draft("scale", change, { reason, fields });
}

function overrideNote(unit: ServiceUnit, seen: ObservedUnit): string {
  const { scaleOverride } = seen;
  if (scaleOverride === undefined || scaleOverride === unit.replicas) return "";
  return `; drops the override of ${scaleOverride} that \`scale\` set`;
}

/**
 * What an operation that did not end left behind, though the wanted release serves: instances of
 * another release, instances that take no requests, a release that was never committed, or fewer
 * instances than were asked for.
 */
function leftoverOf(
  unit: ServiceUnit,
  seen: ObservedUnit,
  wanted: ReleaseId | undefined,
): string | undefined {
  const others = seen.instances.filter(({ release }) => release !== wanted);
  if (others.length > 0) return `${names(others)} still there, of another release`;
  const strays = seen.instances.filter(({ routed, isolated }) => !routed && isolated === undefined);
  if (strays.length > 0) return `${names(strays)} there and in no route`;
  if (seen.committed !== wanted) return `${wanted ?? "its release"} serves and was never proved`;
  const asked = seen.scaleOverride ?? seen.desired;
  if (seen.instances.length < asked && asked === unit.replicas) {
    return `${seen.instances.length} of ${asked} instances are there`;
  }
  return undefined;
}

function names(instances: readonly ObservedInstance[]): string {
  const ids = instances.map(({ id }) => id).toSorted();
  return `${ids.join(", ")} ${ids.length === 1 ? "is" : "are"}`;
}

/** The release that most routed instances run; without any, that most instances run. */
export function servingOf(unit: ObservedUnit): ReleaseId | undefined {
  const routed = unit.instances.filter((one) => one.routed);
  const counts = new Map<ReleaseId, number>();
  for (const { release } of routed.length > 0 ? routed : unit.instances) {
    counts.set(release, (counts.get(release) ?? 0) + 1);
  }
  const best = [...counts].toSorted(
    ([left, a], [right, b]) =>
      b - a ||
      Number(right === unit.committed) - Number(left === unit.committed) ||
      (left < right ? -1 : 1),
  )[0];
  return best?.[0] ?? unit.committed;
}

function configureDraft(
  unit: Unit,
  seen: ObservedUnit | undefined,
  input: DiffInput,
): readonly Draft[] {
  if (seen?.definition === definitionOf(unit, input.graph)) return [];
  const { all } = fieldChanges(unit, input);
  return [configure(unit, all)];
}

function configure(unit: Unit, fields: readonly FieldChange[]): Draft {
  const replicas = unit.kind === "service" ? unit.replicas : unit.kind === "edge" ? 1 : 0;
  const change = {
    unit,
    from: undefined,
    to: undefined,
    replicas: { from: replicas, to: replicas },
  };
  const what = fields.length === 0 ? "its definition" : fields.map(({ path }) => path).join(", ");
  return draft("configure", change, {
    reason: `${what} changed; no instance is restarted`,
    fields,
  });
}

/** Fields whose change makes another release; the number of instances is a change of its own. */
const RELEASE_FIELDS = /^(run|env)\b/;

interface FieldChanges {
  readonly all: readonly FieldChange[];
  readonly ofRelease: readonly FieldChange[];
  readonly ofDefinition: readonly FieldChange[];
}

/** Empty where the target does not say what was defined before. */
function fieldChanges(unit: Unit, input: DiffInput): FieldChanges {
  const before = input.observed.graph;
  const old = before?.units.find(({ name, kind }) => name === unit.name && kind === unit.kind);
  if (before === undefined || old === undefined)
    return { all: [], ofRelease: [], ofDefinition: [] };
  const all = changedFields(fieldsOf(old, before), fieldsOf(unit, input.graph));
  const ofRelease = all.filter(({ path }) => unit.kind !== "edge" && RELEASE_FIELDS.test(path));
  const ofDefinition = all.filter((each) => !ofRelease.includes(each) && each.path !== "replicas");
  return { all, ofRelease, ofDefinition };
}

function removals(input: DiffInput): readonly Draft[] {
  const declared = new Set(input.graph.units.map(({ name }) => name));
  if (input.narrowTo !== undefined) return [];
  const gone = input.observed.units.filter(({ name }) => !declared.has(name));
  const rank = { service: 0, job: 1, edge: 2 };
  return gone
    .toSorted(
      (left, right) => rank[left.kind] - rank[right.kind] || (left.name < right.name ? -1 : 1),
    )
    .map((unit) => ({
      action: "remove" as const,
      unit: unit.name,
      from: unit.kind === "service" ? servingOf(unit) : undefined,
      to: undefined,
      replicas: { from: unit.instances.length, to: 0 },
      deadlineMs: stepDeadlineMs("remove", undefined, unit.instances.length),
      reason: "it is no longer declared; its volumes stay",
      fields: [],
    }));
}

function draft(
  action: PlanAction,
  change: Change,
  why: { readonly reason: string; readonly fields: readonly FieldChange[] },
): Draft {
  const { unit, from, to, replicas } = change;
  const instances = Math.max(replicas.from, replicas.to);
  const deadlineMs = stepDeadlineMs(action, unit, instances);
  return { action, unit: unit.name, from, to, replicas, deadlineMs, ...why };
}

/** Makes something else serve than what evidence spoke of; another number of the same does not. */
const MAKES_STALE: readonly PlanAction[] = ["roll", "configure", "remove"];

/** Evidence speaks of one declaration and its releases: any other makes it stale. */
function losesEvidence(
  { graph, observed, provenObjectives }: DiffInput,
  steps: readonly PlanStep[],
): readonly ObjectiveName[] {
  const before = observed.graph?.declarationHash;
  const isOther = before !== undefined && before !== graph.declarationHash;
  const changes = steps.some(({ action }) => MAKES_STALE.includes(action));
  return isOther || changes ? [...new Set(provenObjectives)].toSorted() : [];
}
