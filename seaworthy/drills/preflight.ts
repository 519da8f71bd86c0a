import { present } from "@seaworthy/std/assert";
import type { Random } from "@seaworthy/std/random";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { ServiceUnit, UnitName } from "../plan/graph.ts";
import type { Observed, ObservedInstance, ObservedUnit } from "../plan/observed.ts";
import { subjectOf } from "../record/fault.ts";
import type { Trust } from "../load/trust.ts";
import type { JournalEntry } from "../record/journal.ts";
import type { Load } from "../system/system.ts";
import { openFaults, underWay } from "../record/under-way.ts";
import type { Headroom } from "../targets/target.ts";
import { type Asked, impossible, NO_LOAD, throwUnlessAllowed, unitOf } from "./allowed.ts";
import { CATALOGUE } from "./catalogue.ts";
import { underFloor } from "./ceilings.ts";
import { DrillRefused } from "./request.ts";
import { notWhole, releasesServing, unitSeen, victims } from "./whole.ts";

/** A drill that may begin. */
export interface Ready {
  /** With as many replicas as the target is meant to run now. */
  readonly unit: ServiceUnit;
  readonly load: Load;
  readonly url: string;
  /** Of an https edge; undefined: the load is sent in the clear. */
  readonly trust: Trust | undefined;
  readonly before: Observed;
  /** Unit → release that serves. */
  readonly releases: Readonly<Record<UnitName, string>>;
}

/** What was seen right before: of the target, and of what it is built on. */
export interface Seen {
  readonly observed: Observed;
  readonly journal: readonly JournalEntry[];
  readonly free: Headroom;
}

/**
 * Whether the drill may begin, from what is seen. A refusal is a reason why its verdict could only
 * be could-not-verify; what is not allowed throws `DrillRefused`.
 */
export function preflight(asked: Asked, seen: Seen): Result<Ready, string> {
  const unit = unitOf(asked);
  throwUnlessAllowed(asked, unit);
  const cannot = impossible(asked, unit);
  if (cannot !== undefined) return refuse(cannot);
  const { load } = asked.parsed.system;
  if (load === undefined) return refuse(NO_LOAD);
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
    trust: url.startsWith("https:") ? seen.observed.edge?.tls : undefined,
    before: seen.observed,
    releases: releasesServing(seen.observed),
  });
}

/** By chance, so that no drill hits the same instance each time; the same for the same seed. */
export function chooseVictim(unit: ObservedUnit, random: Random): ObservedInstance {
  const able = victims(unit).toSorted((a, b) => a.id.localeCompare(b.id, "en"));
  return present(able[random.below(able.length)], `a healthy instance of ${unit.name}`);
}
