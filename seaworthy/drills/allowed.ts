import type { ServiceUnit, UnitName } from "../plan/graph.ts";
import type { Platform } from "../targets/target.ts";
import { CATALOGUE } from "./catalogue.ts";
import { declaredObjectives, type DeclaredObjective } from "./objectives.ts";
import { DrillRefused, type DrillRequest } from "./request.ts";

/** Who asks for which drill, of what. */
export type Asked = Pick<DrillRequest, "name" | "parsed" | "graph" | "allowOutage" | "tierMax"> & {
  readonly unit: UnitName | undefined;
  readonly platform: Platform;
};

/** Why it is no use to ask for the drill here, whatever runs; undefined: it may be asked for. */
export function notPlayable(asked: Omit<Asked, "allowOutage">): string | undefined {
  try {
    objectivesOf(asked);
    throwUnlessAllowed(asked, unitOf(asked));
  } catch (error) {
    if (error instanceof DrillRefused) return error.message;
    throw error;
  }
  if (asked.parsed.system.load === undefined) return NO_LOAD;
  return impossible(asked, unitOf(asked));
}

export const NO_LOAD = "no load is declared: nothing would be measured";

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

/** What the declaration or the person who asks does not allow. */
export function throwUnlessAllowed(asked: Omit<Asked, "allowOutage">, unit: ServiceUnit): void {
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

/** Why this platform cannot play the drill at all, or not on this unit; undefined: it can. */
export function impossible(
  { name, platform }: Pick<Asked, "name" | "platform">,
  unit: ServiceUnit,
): string | undefined {
  if (name === "fill-volume" && Object.keys(unit.volumeSizes ?? {}).length === 0) {
    return `no volume of ${unit.name} declares a size: only such a one can be filled alone`;
  }
  const needsAnother = name === "dependency-down" || name === "dependency-slow";
  if (needsAnother && unit.needs.length === 0) return `${unit.name} needs no other service`;
  const { fault } = CATALOGUE[name];
  if (fault === undefined || platform.faults.has(fault)) return undefined;
  const gap = platform.faultGaps?.[fault];
  return `${platform.name} cannot ${fault}${gap === undefined ? "" : `: ${gap}`}`;
}
