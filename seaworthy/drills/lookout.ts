import { deadline } from "@seaworthy/std/clock";
import { SEND_LAG_P99_MS_MAX, type LoadRun, type Sample } from "../load/load.ts";
import { dueWithin, latencyOf, type Span } from "../load/window.ts";
import type { Observed } from "../plan/observed.ts";
import type { InstanceId } from "../record/step.ts";
import type { Headroom } from "../targets/target.ts";
import { throwIfStopped } from "./aborted.ts";
import { casualties } from "./casualties.ts";
import { CATALOGUE } from "./catalogue.ts";
import { Ceilings, type Look } from "./ceilings.ts";
import { baselineDoubts } from "./finding.ts";
import { AcknowledgedWrites } from "./ledger.ts";
import { declaredObjectives } from "./objectives.ts";
import { SampleTail } from "./sample-tail.ts";
import type { RunSetting } from "./stage.ts";

/** A look that takes longer is none: the next second has its own. */
const LOOK_MS_MAX = 900;
/** Right before the fault, what runs must be seen once: a slow machine gets longer. */
const ARM_MS_MAX = 10_000;
/** Not ready for longer is not a hiccup. */
const UNSURE_MS_MAX = 3_000;
/** Fewer answers have no such percentile. */
const P95_ANSWERS_MIN = 20;
const P99_ANSWERS_MIN = 100;
/** 3 / 0.01: of fewer requests the lag's p99 says little; the check at the end has more. */
const LAG_REQUESTS_MIN = 300;
/**
 * Later than this, it is another load than the declared one, and nothing is broken for it. Less is
 * judged at the end (10 ms): a write that is lost or doubled is seen by a late generator, too.
 */
const HOPELESS_LAG_MS = 10 * SEND_LAG_P99_MS_MAX;

/** Looks at a run while it goes on: the baseline first, then each second what the fault does. */
export class Lookout {
  readonly victims = new Set<InstanceId>();
  readonly #setting: RunSetting;
  readonly #run: LoadRun;
  readonly #tail: SampleTail;
  readonly #ceilings: Ceilings;
  readonly #writes: AcknowledgedWrites;
  readonly #baseline: Sample[] = [];
  #before: Observed | undefined;
  #atMs: number;
  #unsureMs = 0;

  constructor(setting: RunSetting, given: { readonly run: LoadRun; readonly samplesFile: string }) {
    const { request, prediction } = setting;
    const spoken = CATALOGUE[request.name].objectives;
    this.#setting = setting;
    this.#run = given.run;
    this.#tail = new SampleTail(given.samplesFile);
    this.#writes = new AcknowledgedWrites(setting);
    this.#ceilings = new Ceilings({
      failingMsMax: prediction.failingMsMax,
      untested: declaredObjectives(request.parsed.system.objectives).filter(
        ({ objective }) => !spoken.includes(objective),
      ),
    });
    this.#atMs = given.run.nowMs();
  }

  /** Told of each second before the fault, so that none is left over for the first look. */
  async steadySecond(): Promise<void> {
    this.#baseline.push(...(await this.#samples()));
  }

  /**
   * Right before the fault: why nothing may be broken now, and how everything is that must stay
   * so. The baseline is judged again from all samples when the run has ended.
   */
  async arm(span: Span): Promise<readonly string[]> {
    const { request, limits } = this.#setting;
    await this.steadySecond();
    const doubts = [...baselineDoubts(dueWithin(this.#baseline, span), limits)];
    const lagMs = this.#run.sendLagP99Ms?.() ?? 0;
    const hasTail = this.#baseline.length >= LAG_REQUESTS_MIN;
    this.#baseline.length = 0;
    if (hasTail && lagMs >= HOPELESS_LAG_MS) {
      doubts.push(`the load generator was ${lagMs.toFixed(1)} ms late before the fault (p99)`);
    }
    const signal = deadline(ARM_MS_MAX, "looking at what runs", request.signal);
    this.#before = await request.target.observe(signal).catch((error: unknown) => {
      throwIfStopped(request);
      throw error;
    });
    this.#atMs = this.#run.nowMs();
    return doubts;
  }

  /** Why the run must be given up now; undefined: it may go on. */
  async look(): Promise<string | undefined> {
    const nowMs = this.#run.nowMs();
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    const signal = deadline(LOOK_MS_MAX, "a look of this second");
    const samples = await this.#samples();
    const [hurt, free, lost] = await Promise.all([
      this.#hurt(signal, elapsedMs),
      this.#headroom(signal),
      this.#writes.lost(samples, signal),
    ]);
    return this.#ceilings.look({
      elapsedMs,
      ...this.#run.lastSecond(),
      ...latencies(samples),
      hurt,
      memoryBytes: free?.memoryBytes,
      diskBytes: free?.diskBytes,
      lost,
    });
  }

  async #samples(): Promise<readonly Sample[]> {
    // What cannot be read now is read at the end; the other ceilings do not need it.
    return await this.#tail.next().catch(() => []);
  }

  async #headroom(signal: AbortSignal): Promise<Headroom | undefined> {
    return await this.#setting.request.target.headroom(signal).catch(() => undefined);
  }

  async #hurt(signal: AbortSignal, elapsedMs: number): Promise<readonly string[] | undefined> {
    const { request, unit } = this.#setting;
    const before = this.#before;
    if (before === undefined) return [];
    const now = await request.target.observe(signal).catch(() => undefined);
    if (now === undefined) return undefined;
    const { blast } = CATALOGUE[request.name];
    const found = casualties(before, now, { blast, unit: unit.name, victims: this.victims });
    this.#unsureMs = found.length === 0 ? 0 : this.#unsureMs + elapsedMs;
    const lasts = this.#unsureMs > UNSURE_MS_MAX;
    return found.filter(({ sure }) => sure || lasts).map(({ who }) => who);
  }
}

function latencies(samples: readonly Sample[]): Pick<Look, "p95Ms" | "p99Ms"> {
  const { count, p95Ms, p99Ms } = latencyOf(samples);
  return {
    p95Ms: count < P95_ANSWERS_MIN ? undefined : p95Ms,
    p99Ms: count < P99_ANSWERS_MIN ? undefined : p99Ms,
  };
}
