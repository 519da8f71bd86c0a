import { errorRatioOf, p95Of, tallyOf } from "./tally.ts";
import { type BakeVerdict, judgeBake } from "./bake.ts";
import { observe, unitIn } from "./look.ts";
import { measure, memoryFault, type Roller, type UnitRoll } from "./unit-roll.ts";
import type { RolloutSettings } from "../system/system.ts";

/** Twice a second: a death is seen while its log is still warm, and the edge is not bothered. */
const LOOK_EVERY_MS = 500;
/** Every second look is told: one line a second is a progress bar, more is noise. */
const EMIT_EVERY_LOOKS = 2;

export type BakeEnd =
  | Exclude<BakeVerdict, { readonly verdict: "wait" }>
  | { readonly verdict: "stopped"; readonly because: string };

/** Looks at a unit whose new instances all serve until they can be judged. */
export async function watchBake(
  roll: UnitRoll,
  roller: Roller,
  settings: RolloutSettings,
): Promise<BakeEnd> {
  const { clock } = roller;
  await measure(roll, roller);
  const atStart = { counters: roll.counters, seen: roll.seen, nowMs: clock.now() };
  for (let looks = 0; ; looks += 1) {
    if (roller.stopRequested()) return { verdict: "stopped", because: "stopped on request" };
    roll.seen = unitIn(await observe(roller), roll.goal.unit);
    await measure(roll, roller);
    const complaint = roll.probe?.look(true);
    if (complaint !== undefined) return { verdict: "fail", because: complaint };
    const excess = memoryFault(roll);
    if (excess !== undefined) return { verdict: "fail", because: excess };
    const elapsedMs = clock.now() - atStart.nowMs;
    const isNew = (one: { readonly release: string }) => one.release === roll.goal.to;
    const fresh = tallyOf(roll.counters, isNew, atStart.counters);
    const steady = tallyOf(roll.counters, (one) => one.release === roll.goal.from);
    if (looks % EMIT_EVERY_LOOKS === 0) {
      roller.emit({
        kind: "bake",
        unit: roll.goal.unit,
        elapsedMs,
        requests: fresh.requests,
        errorRatio: errorRatioOf(fresh),
        p95Ms: p95Of(fresh),
      });
    }
    const health = healthOf(roll, atStart.seen.instances);
    const verdict = judgeBake({ settings, elapsedMs, fresh, steady, ...health });
    if (verdict.verdict !== "wait") return verdict;
    await clock.sleep(LOOK_EVERY_MS, roller.signal);
  }
}

function healthOf(
  roll: UnitRoll,
  atStart: UnitRoll["seen"]["instances"],
): { readonly casualties: readonly string[]; readonly unready: readonly string[] } {
  const casualties: string[] = [];
  const unready: string[] = [];
  for (const then of atStart.filter((one) => one.release === roll.goal.to && one.routed)) {
    const now = roll.seen.instances.find((one) => one.id === then.id);
    const because = now?.because === undefined ? "" : ` (${now.because})`;
    if (now === undefined || now.state === "gone" || now.state === "failed") {
      casualties.push(`${then.id} of the new release died during the bake${because}`);
    } else if (now.restarts > then.restarts || now.state === "backing-off") {
      casualties.push(`${then.id} of the new release restarted during the bake${because}`);
    } else if (now.state !== "ready") unready.push(then.id);
    if (casualties.length > 0) roll.culprit ??= then.id;
  }
  return { casualties, unready };
}
