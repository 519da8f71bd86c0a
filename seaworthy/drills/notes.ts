import type { Sample } from "../load/load.ts";
import { total, type Span } from "../load/window.ts";
import type { ClassCounts, InstanceCapacity, StoppedRequests } from "../record/evidence.ts";
import { CATALOGUE } from "./catalogue.ts";
import { findingOf, type Restored } from "./finding.ts";
import { auditWrites } from "./ledger.ts";
import type { RunSetting, Stage, Steady } from "./stage.ts";
import type { RunFinding } from "./verdict.ts";

/** What may not be seen of a run, from all its samples and from the window that is judged. */
export type WrongsOf = (seen: {
  readonly samples: readonly Sample[];
  readonly window: Span;
}) => readonly string[];

/** What is known of a run while it goes on; it becomes a finding on every way out. */
export interface Notes {
  baseline: Span;
  window: Span | undefined;
  inFlightOnVictim: ClassCounts | undefined;
  /** From the window's start until the fault was seen done. */
  struckForMs: number;
  /** What is judged; the rest fails by nature. Undefined: all of it is. */
  goesOn: ((sample: Sample) => boolean) | undefined;
  /** What must not be seen in the window, whatever the ratio. */
  wrongsOf: WrongsOf | undefined;
  /** What was shed on purpose; undefined: what does not go on is counted. */
  stopped: StoppedRequests | undefined;
  /** What one instance holds. */
  capacity: InstanceCapacity | undefined;
  /** Client connections that were held at a time. */
  connections: number | undefined;
  /** On the generator's clock: recovery counts from there, and not from the injection. */
  recoversFromMs: number | undefined;
  exposureMs: number | undefined;
  /** How long what the drill is about took, where the prediction speaks of that. */
  tookMs: number | undefined;
  restored: Restored;
  /** Waits until the unit is whole again, when the load has ended. */
  whole: (() => Promise<Restored>) | undefined;
  injected: string | undefined;
  undone: string | undefined;
  /** On the generator's clock. */
  undoneMs: number | undefined;
  /** What was not undone: it needs a person. */
  readonly leftBroken: string[];
  aborted: string | undefined;
  readonly doubts: string[];
  readonly wrongs: string[];
}

export function freshNotes(): Notes {
  return {
    baseline: { fromMs: 0, toMs: 0 },
    window: undefined,
    inFlightOnVictim: undefined,
    struckForMs: 0,
    goesOn: undefined,
    wrongsOf: undefined,
    recoversFromMs: undefined,
    stopped: undefined,
    capacity: undefined,
    connections: undefined,
    exposureMs: undefined,
    tookMs: undefined,
    restored: { state: "not-asked" },
    whole: undefined,
    injected: undefined,
    undone: undefined,
    undoneMs: undefined,
    leftBroken: [],
    aborted: undefined,
    doubts: [],
    wrongs: [],
  };
}

/** Ids that a person looks up; more than that nobody reads. */
const IDS_SHOWN = 5;

/** Ends the load, waits for a whole unit, audits the writes, and makes figures of it all. */
export async function conclude(
  setting: RunSetting,
  stage: Stage,
  notes: Notes,
): Promise<RunFinding> {
  const endMs = stage.run.nowMs();
  const { samples, check } = await stage.finish();
  if (notes.whole !== undefined) notes.restored = await notes.whole();
  if (notes.restored.state === "not-back") {
    notes.doubts.push(`${setting.unit.name} is not whole again after the fault was undone`);
  }
  const audited = await auditWrites(setting, { name: stage.plan.run, samples });
  if (audited !== undefined && !audited.ok) notes.doubts.push(audited.error);
  const writes = audited?.ok === true ? audited.value : undefined;
  if (writes !== undefined && writes.phantom.length > 0) {
    const shown = writes.phantom.slice(0, IDS_SHOWN).join(", ");
    notes.wrongs.push(`${writes.phantom.length} refused writes took effect: ${shown}`);
  }
  const window = notes.window ?? { fromMs: endMs, toMs: endMs };
  notes.wrongs.push(...(notes.wrongsOf?.({ samples, window }) ?? []));
  const { name, parsed } = setting.request;
  return findingOf({
    ...notes,
    samples,
    check,
    ratePerSecond: stage.plan.ratePerSecond,
    warmUpMs: parsed.system.drills.warmUpMs,
    window,
    losesInFlight: CATALOGUE[name].losesInFlight,
    writes: writes?.writes,
    limits: setting.limits,
  });
}

/** It stays broken, whatever else comes of the run. */
export function notUndone(notes: Notes, because: string): void {
  notes.doubts.push(`NOT UNDONE: ${because}`);
  notes.leftBroken.push(because);
}

/** Nothing is broken when the objective does not hold unbroken. */
export function mayBreak({ doubts }: Steady, notes: Notes): boolean {
  // The whole of the samples may say otherwise at the end: that nothing was broken stays so.
  if (doubts.length > 0) notes.doubts.push(`nothing was broken: ${doubts.join("; ")}`);
  return doubts.length === 0;
}

export function describeCounts(counts: ClassCounts | undefined): string {
  return counts === undefined ? "unknown" : `${total(counts)}`;
}
