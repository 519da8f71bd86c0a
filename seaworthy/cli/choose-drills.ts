import { timestamp } from "@seaworthy/std/clock";
import { formatDuration } from "@seaworthy/std/duration";
import { notPlayable } from "../drills/allowed.ts";
import { type BlackoutAhead, blackoutNow } from "../drills/blackout-ahead.ts";
import { CATALOGUE, type DrillName, isDrillName, type Tier } from "../drills/catalogue.ts";
import { type DueDrill, drillsByTier, dueDrills } from "../drills/due.ts";
import type { Evidence } from "../record/evidence.ts";
import type { DrillSettings } from "../system/system.ts";
import type { Platform } from "../targets/target.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit.ts";
import { Refusal } from "./failure.ts";
import type { OpenSystem } from "./open-system.ts";
import type { SkippedDrill } from "./run-drills.ts";

/** What was asked for on the command line. */
export type DrillChoice =
  | { readonly kind: "named"; readonly names: readonly DrillName[] }
  | { readonly kind: "all" }
  | { readonly kind: "due" };

/** Which drills the words and flags mean; exit 2 where they mean none, or two things at once. */
export function readChoice(
  names: readonly string[],
  flags: { readonly all: boolean; readonly due: boolean },
): DrillChoice | undefined {
  const asked = [names.length > 0, flags.all, flags.due].filter(Boolean).length;
  if (asked > 1) throw new Refusal(EXIT.usage, "name drills, or --all, or --due: one of them");
  if (flags.all) return { kind: "all" };
  if (flags.due) return { kind: "due" };
  if (names.length === 0) return undefined;
  const known = Object.keys(CATALOGUE).join(", ");
  return {
    kind: "named",
    // One that is named twice is one: its evidence would lie where the first one's does.
    names: [...new Set(names)].map((name) => {
      if (isDrillName(name)) return name;
      throw new Refusal(EXIT.usage, `no drill ${name}`, { fix: `drills are ${known}` });
    }),
  };
}

export interface ChoiceSetting {
  readonly system: Pick<OpenSystem, "parsed" | "graph">;
  readonly context: Pick<Context, "clock">;
  readonly platform: Platform;
  readonly tierMax: Tier;
  readonly unit: string | undefined;
  /** Oldest first. */
  readonly evidence: readonly Evidence[];
  /** Unit → release that serves. */
  readonly releases: Readonly<Record<string, string>>;
}

export interface Chosen {
  readonly drills: readonly DrillName[];
  /** What would be no use to ask for here, or is not due. */
  readonly skipped: readonly SkippedDrill[];
}

/**
 * The drills of a choice, the gentlest first, and those that it leaves out with the reason. In a
 * blackout what is due waits, and what a person asks for is refused as a whole: exit 9.
 */
export function chooseDrills(choice: DrillChoice, setting: ChoiceSetting): Chosen {
  const { drills, skipped } = chooseAny(choice, setting);
  const waiting = drills.flatMap((drill) => {
    const blackout = blackoutOf(drill, setting);
    return blackout === undefined ? [] : [{ ...blackout, drill }];
  });
  const [first] = waiting;
  if (first === undefined) return { drills, skipped };
  if (choice.kind !== "due") {
    throw new Refusal(EXIT.refused, `${first.drill}: ${first.because}`, { fix: first.fix });
  }
  const waits = waiting.map(({ drill, because, fix }) => ({
    ...{ drill, because, fix, waits: true as const },
  }));
  const resting = new Set(waits.map(({ drill }) => drill));
  return { drills: drills.filter((drill) => !resting.has(drill)), skipped: [...skipped, ...waits] };
}

function chooseAny(choice: DrillChoice, setting: ChoiceSetting): Chosen {
  if (choice.kind === "named") return { drills: choice.names, skipped: [] };
  const { drills, skipped } = playableDrills(setting);
  if (choice.kind === "all") return { drills, skipped };
  const due = scheduleOf(setting);
  if (due === undefined) {
    throw new Refusal(EXIT.usage, "no schedule is declared: nothing is ever due", {
      fix: 'declare one, for example drills: { every: "7d" }, or drill --all',
    });
  }
  const rested = due.flatMap((one) =>
    one.due ? [] : [{ drill: one.drill, because: `not due before ${one.dueAt}` }],
  );
  const drillsDue = due.filter((one) => one.due).map(({ drill }) => drill);
  return { drills: drillsDue, skipped: [...skipped, ...rested] };
}

/** When each drill that can be played is due; undefined: no schedule is declared. */
export function scheduleOf(setting: ChoiceSetting): readonly DueDrill[] | undefined {
  const { system, context, platform, evidence, releases } = setting;
  const { everyMs } = system.parsed.system.drills;
  if (everyMs === undefined) return undefined;
  return dueDrills(playableDrills(setting).drills, {
    parsed: system.parsed,
    evidence,
    releases,
    now: timestamp(context.clock),
    target: platform.name,
    everyMs,
  });
}

function playableDrills({ system, platform, tierMax, unit }: ChoiceSetting): Chosen {
  const { parsed, graph } = system;
  const drills: DrillName[] = [];
  const skipped: SkippedDrill[] = [];
  for (const name of drillsByTier()) {
    const because = notPlayable({ name, parsed, graph, unit, platform, tierMax });
    if (because === undefined) drills.push(name);
    else skipped.push({ drill: name, because });
  }
  return { drills, skipped };
}

function blackoutOf(
  drill: DrillName,
  { system, context }: ChoiceSetting,
): BlackoutAhead | undefined {
  return blackoutNow(drill, system.parsed.system.drills, context.clock.wall());
}

/** One line of `status` on the schedule; undefined where none is declared. */
export function scheduleLine(
  schedule: readonly DueDrill[] | undefined,
  drills: DrillSettings,
  nowWallMs: number,
): string | undefined {
  const { everyMs } = drills;
  if (schedule === undefined || everyMs === undefined) return undefined;
  const every = `drills every ${formatDuration(everyMs)}`;
  const due = schedule.filter((one) => one.due);
  if (due.length > 0) {
    const names = due.map(({ drill, because }) => `${drill} (${because})`).join(", ");
    const blackout = due.map(({ drill }) => blackoutNow(drill, drills, nowWallMs)).find(Boolean);
    return `${every}, due now: ${names}; ${blackout?.because ?? "seaworthy drill --due"}`;
  }
  const [next] = schedule.toSorted((a, b) => (a.dueAt ?? "").localeCompare(b.dueAt ?? "", "en"));
  return next === undefined ? `${every}, and none applies here` : `${every}, next ${next.dueAt}`;
}
