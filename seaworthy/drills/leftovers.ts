import { deadline } from "@seaworthy/std/clock";
import type { EventBody } from "../record/event.ts";
import { subjectOf, type FaultHandle } from "../record/fault.ts";
import type { JournalEntry } from "../record/journal.ts";
import { readRecords } from "../record/read.ts";
import { openFaults } from "../record/under-way.ts";
import { TargetError, type Lease, type Target } from "../targets/target.ts";

/** Why an instance is out of the edge while a drill loads it; the next run brings it back. */
export const ISOLATED_BY_DRILL = "a saturation drill loads it";
/** A signal and a look at /proc; longer means that the target hangs. */
const UNDO_MS = 20_000;

export interface LeftoverSetting {
  readonly id: string;
  readonly target: Target;
  readonly lease: Lease;
  readonly emit: (body: EventBody) => void;
  readonly signal: AbortSignal;
}

/**
 * Undoes what a drill that died left broken, last first; called before anything else is changed.
 * Throws `TargetError` when a fault cannot be undone: then nothing else may be touched.
 */
export async function undoLeftovers(setting: LeftoverSetting): Promise<readonly FaultHandle[]> {
  const left = openFaults(await readRecords(setting.target.store, "journal")).toReversed();
  for (const fault of left) await undoLeftover(fault, setting);
  await rejoinLeftovers(setting);
  return left;
}

/** What a drill took out of the edge and did not live to bring back. */
async function rejoinLeftovers({ target, lease, signal }: LeftoverSetting): Promise<void> {
  const { units } = await target.observe(deadline(UNDO_MS, "looking for leftovers", signal));
  const left = units
    .flatMap(({ instances }) => instances)
    .filter(({ isolated }) => isolated === ISOLATED_BY_DRILL);
  for (const { id: instance } of left) {
    const limit = deadline(UNDO_MS, `bringing ${instance} back`, signal);
    await target.apply({ action: "rejoin", instance }, { signal: limit, epoch: lease.epoch });
  }
}

async function undoLeftover(fault: FaultHandle, setting: LeftoverSetting): Promise<void> {
  const { target, lease } = setting;
  const what = `undoing the ${fault.fault.kind} of ${subjectOf(fault.fault)}`;
  const signal = deadline(UNDO_MS, what, setting.signal);
  const result = await target.apply({ action: "undo", fault }, { signal, epoch: lease.epoch });
  if (result.outcome === "failed") {
    throw new TargetError("failed", `${what}, left by an earlier run: ${result.because}`, {
      detail: result.detail,
    });
  }
  await target.store.append("journal", {
    entry: "fault-undone",
    operation: setting.id,
    faultId: fault.id,
    how: `found open by a later run: ${result.detail ?? "undone"}`,
  } satisfies JournalEntry);
  setting.emit({
    kind: "drill",
    drill: "leftover",
    phase: "undo",
    detail: `${fault.fault.kind} of ${subjectOf(fault.fault)}, left by an earlier run`,
  });
}
