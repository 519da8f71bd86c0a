import { present } from "@seaworthy/std/assert";
import { deadline } from "@seaworthy/std/clock";
import type { ServiceUnit } from "../plan/graph.ts";
import type { ObservedUnit } from "../plan/observed.ts";
import type { Release } from "../record/release.ts";
import { type Notes, notUndone } from "./notes.ts";
import type { RunSetting } from "./stage.ts";
import { unitSeen } from "./whole.ts";

const DESCRIBE_MS = 60_000;
const OBSERVE_MS = 20_000;
/** Where no prediction bounds it. */
const BACK_MS_MAX = 600_000;

/** What a release of this unit would be made of now. */
export async function describe(setting: RunSetting, unit: ServiceUnit): Promise<Release> {
  const { request } = setting;
  const signal = deadline(DESCRIBE_MS, `reading the files of ${unit.name}`, request.signal);
  return await request.target.describe(unit, signal);
}

/** The release that serves; a doubt where its files changed: then there is no way back to it. */
export async function servingRelease(
  setting: RunSetting,
  notes: Notes,
): Promise<Release | undefined> {
  const { unit, releases } = setting;
  const own = await describe(setting, unit);
  if (own.id === releases[unit.name]) return own;
  notes.doubts.push(`${unit.name} serves ${releases[unit.name]}, but its files changed`);
  return undefined;
}

/** Whatever happened, what served before serves again; that is seen, not assumed. */
export async function goBack(setting: RunSetting, notes: Notes, own: Release): Promise<void> {
  const { request, unit } = setting;
  const { name: drill, emit } = request;
  emit({ kind: "drill", drill, phase: "undo", detail: `back to ${own.id}` });
  const before = present(unitSeen(setting.before, unit.name), unit.name);
  try {
    if ((await asBefore(setting, before)) === undefined) {
      // Not the request's signal: whatever was stopped, this is done.
      const limitMs = setting.prediction.lastsMsMax ?? BACK_MS_MAX;
      const back = deadline(limitMs, `rolling ${unit.name} back`);
      const { outcome, because } = await request.roll(unit, back);
      if (outcome !== "done" && outcome !== "nothing-to-do") {
        notUndone(notes, `the roll back ended as ${outcome}: ${because}`);
      }
    }
    notes.undone = await asBefore(setting, before);
    if (notes.undone === undefined && notes.leftBroken.length === 0) {
      notUndone(notes, `${unit.name} is not what it was before`);
    }
  } catch (error) {
    notUndone(notes, error instanceof Error ? error.message : String(error));
  }
}

/** What shows that the unit is what it was before; undefined when it is not. */
async function asBefore(setting: RunSetting, before: ObservedUnit): Promise<string | undefined> {
  const observed = await setting.request.target.observe(deadline(OBSERVE_MS, "what serves now"));
  const now = unitSeen(observed, before.name);
  return now === undefined ? undefined : sameAgain(before, now, setting.releases[before.name]);
}

export function sameAgain(
  before: ObservedUnit,
  now: ObservedUnit,
  release: string | undefined,
): string | undefined {
  const others = now.instances.filter((instance) => instance.release !== release);
  const serving = now.instances.filter((instance) => instance.routed).length;
  if (others.length > 0 || serving < before.desired) return undefined;
  if (now.definition !== before.definition) return undefined;
  return `${serving} of ${before.desired} instances of ${release} serve, and no other`;
}
