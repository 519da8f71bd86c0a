import { present } from "@seaworthy/std/assert";
import type { Random } from "@seaworthy/std/random";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { ServiceUnit, UnitName } from "../plan/graph.ts";
import type { Observed, ObservedInstance, ObservedUnit } from "../plan/observed.ts";
import { subjectOf } from "../record/fault.ts";
import type { JournalEntry } from "../record/journal.ts";
import type { Load } from "../system/system.ts";
import { openFaults, underWay } from "../record/under-way.ts";
import type { Headroom, Platform } from "../targets/target.ts";
import { CATALOGUE, type DrillName } from "./catalogue.ts";
import { underFloor } from "./ceilings.ts";
import { declaredObjectives, type DeclaredObjective } from "./objectives.ts";
import { DrillRefused, type DrillRequest } from "./request.ts";
import { notWhole, unitSeen, victims } from "./whole.ts";

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

type Asked = Pick<DrillRequest, "name" | "parsed" | "graph" | "allowOutage" | "tierMax"> & {
  readonly unit: UnitName | undefined;
  readonly platform: Platform;
};

/** What was seen right before: of the target, and of what it is built on. */
export interface Seen {
  readonly observed: Observed;
  readonly journal: readonly JournalEntry[];
  readonly free: Headroom;
}

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
export function preflight(asked: Asked, seen: Seen): Result<Ready, string> {
  const unit = unitOf(asked);
  throwUnlessAllowed(asked, unit);
  const cannot = impossible(asked.name, asked.platform);
  if (cannot !== undefined) return refuse(cannot);
  const { load } = asked.parsed.system;
  if (load === undefined) return refuse("no load is declared: nothing would be measured");
  const open = openFaults(seen.journal)[0];
  if (open !== undefined) {
    return refuse(`an earlier ${open.fault.kind} of ${subjectOf(open.fault)} is not undone yet`);
  }
  const begun = underWay(seen.journal);
  if (begun !== undefined) {
    return refuse(`${begun.verb} (${begun.operation}) was begun and has not ended: seaworthy up`);
  }
  const missing = notWhole(seen.observed, asked.graph) ?? underFloor(seen.free);
  if (missing !== undefined) return refuse(`before anything was broken: ${missing}`);
  const drilled = present(unitSeen(seen.observed, unit.name), unit.name);
  const { blast } = CATALOGUE[asked.name];
  if (blast === "instance" && victims(drilled).length <= 1 && !asked.allowOutage) {
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

/** What the declaration or the person who asks does not allow. */
function throwUnlessAllowed(asked: Asked, unit: ServiceUnit): void {
  const excluded = asked.parsed.system.services[unit.name]?.drillsExcluded[asked.name];
  if (excluded !== undefined) {
    const fix = `take it out of services.${unit.name}.drills.exclude`;
    throw new DrillRefused("excluded", `${unit.name} excludes ${asked.name}: ${excluded}`, fix);
  }
  const { tier } = CATALOGUE[asked.name];
  if (tier > asked.tierMax) {
    const message = `${asked.name} is of tier ${tier}, and ${asked.tierMax} is allowed here`;
    throw new DrillRefused("tier", message, `allow it: --tier ${tier}`);
  }
}

/** Why this platform cannot play the drill at all; undefined: it can. */
export function impossible(name: DrillName, platform: Platform): string | undefined {
  const { fault } = CATALOGUE[name];
  if (fault === undefined || platform.faults.has(fault)) return undefined;
  const gap = platform.faultGaps?.[fault];
  return `${platform.name} cannot ${fault}${gap === undefined ? "" : `: ${gap}`}`;
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
