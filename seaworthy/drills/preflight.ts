import { present } from "@seaworthy/std/assert";
import type { Random } from "@seaworthy/std/random";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { Graph, ServiceUnit, UnitName } from "../plan/graph.ts";
import type { Observed, ObservedInstance, ObservedUnit } from "../plan/observed.ts";
import { subjectOf } from "../record/fault.ts";
import type { JournalEntry } from "../record/journal.ts";
import type { Load } from "../system/system.ts";
import { CATALOGUE } from "./catalogue.ts";
import { openFaults } from "../record/under-way.ts";
import { declaredObjectives, type DeclaredObjective } from "./objectives.ts";
import { DrillRefused, type DrillRequest } from "./request.ts";

/** A drill that may begin. */
export interface Ready {
  /** With as many replicas as the target is meant to run now. */
  readonly unit: ServiceUnit;
  readonly load: Load;
  readonly url: string;
  readonly before: Observed;
  /** Unit → release that serves. */
  readonly releases: Readonly<Record<UnitName, string>>;
}

type Asked = Pick<DrillRequest, "name" | "parsed" | "graph" | "allowOutage"> & {
  readonly unit: UnitName | undefined;
  readonly faults: ReadonlySet<string>;
};

/** What the drill speaks of and the declaration promises; refuses when that is nothing. */
export function objectivesOf(
  request: Pick<DrillRequest, "name" | "parsed">,
): readonly DeclaredObjective[] {
  const spoken = CATALOGUE[request.name].objectives;
  const declared = declaredObjectives(request.parsed.system.objectives).filter(({ objective }) =>
    spoken.includes(objective),
  );
  if (declared.length > 0) return declared;
  throw new DrillRefused(
    "nothing-to-judge",
    `${request.name} speaks of ${spoken.join(", ")}, and none of these is declared`,
    `declare one under objectives: ${spoken.join(", ")}`,
  );
}

/** The unit to be drilled: named, behind the edge's `/`, or the only service. */
export function unitOf(request: Pick<Asked, "unit" | "graph">): ServiceUnit {
  const services = request.graph.units.filter((unit) => unit.kind === "service");
  const root = request.graph.edge?.routes.find((route) => route.prefix === "/")?.to;
  const name = request.unit ?? root ?? (services.length === 1 ? services[0]?.name : undefined);
  const unit = services.find((service) => service.name === name);
  if (unit !== undefined) return unit;
  throw new DrillRefused(
    "no-such-unit",
    name === undefined ? "which service?" : `no service ${name}`,
    `--unit, one of ${services.map((service) => service.name).join(", ")}`,
  );
}

/**
 * Whether the drill may begin, from what is seen. A refusal is a reason why its verdict could only
 * be could-not-verify; what is not allowed throws `DrillRefused`.
 */
export function preflight(
  asked: Asked,
  seen: { readonly observed: Observed; readonly journal: readonly JournalEntry[] },
): Result<Ready, string> {
  const unit = unitOf(asked);
  const { system } = asked.parsed;
  const excluded = system.services[unit.name]?.drillsExcluded[asked.name];
  if (excluded !== undefined) {
    const fix = `take it out of services.${unit.name}.drills.exclude`;
    throw new DrillRefused("excluded", `${unit.name} excludes ${asked.name}: ${excluded}`, fix);
  }
  const { fault } = CATALOGUE[asked.name];
  if (fault !== undefined && !asked.faults.has(fault)) {
    return refuse(`${asked.graph.platform} cannot ${fault} an instance`);
  }
  const { load } = system;
  if (load === undefined) return refuse("no load is declared: nothing would be measured");
  const open = openFaults(seen.journal)[0];
  if (open !== undefined) {
    return refuse(`an earlier ${open.fault.kind} of ${subjectOf(open.fault)} is not undone yet`);
  }
  const missing = missingRoles(seen.observed, asked.graph);
  if (missing !== undefined) return refuse(missing);
  const drilled = present(unitSeen(seen.observed, unit.name), unit.name);
  if (fault !== undefined && victims(drilled).length <= 1 && !asked.allowOutage) {
    const message = `${unit.name} has one healthy instance: breaking it is an outage`;
    throw new DrillRefused("last-member", message, "allow it: --allow-outage");
  }
  const url = seen.observed.edge?.addresses[0] ?? drilled.url;
  if (url === undefined) return refuse("nothing listens: there is no edge and no inner address");
  return ok({
    unit: { ...unit, replicas: drilled.desired },
    load,
    url,
    before: seen.observed,
    releases: releasesServing(seen.observed),
  });
}

/** Every service at its desired count, or the first that is not. */
function missingRoles(observed: Observed, graph: Graph): string | undefined {
  for (const unit of graph.units) {
    if (unit.kind !== "service") continue;
    const seen = unitSeen(observed, unit.name);
    const ready = seen === undefined ? 0 : victims(seen).length;
    const desired = seen?.desired ?? unit.replicas;
    if (ready < Math.max(1, desired)) {
      return `${unit.name}: ${ready} of ${desired} ready before anything was broken`;
    }
  }
  return undefined;
}

export function unitSeen(observed: Observed, name: UnitName): ObservedUnit | undefined {
  return observed.units.find((unit) => unit.name === name);
}

/** Instances that are ready and take requests. */
export function victims(unit: ObservedUnit): readonly ObservedInstance[] {
  return unit.instances.filter((instance) => instance.state === "ready" && instance.routed);
}

/** By chance, so that no drill hits the same instance each time; the same for the same seed. */
export function chooseVictim(unit: ObservedUnit, random: Random): ObservedInstance {
  const able = victims(unit).toSorted((a, b) => a.id.localeCompare(b.id, "en"));
  return present(able[random.below(able.length)], `a healthy instance of ${unit.name}`);
}

function releasesServing(observed: Observed): Readonly<Record<UnitName, string>> {
  const serving: Record<UnitName, string> = {};
  for (const unit of observed.units) {
    const release = unit.instances.find((instance) => instance.routed)?.release ?? unit.committed;
    if (release !== undefined) serving[unit.name] = release;
  }
  return serving;
}
