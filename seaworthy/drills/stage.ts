import { join } from "node:path";
import { humanDuration } from "@seaworthy/std/duration";
import type { Random } from "@seaworthy/std/random";
import { freshId } from "@seaworthy/std/random";
import type { LoadPlan, LoadResult, LoadRun } from "../load/load.ts";
import type { Span } from "../load/window.ts";
import type { InstanceId } from "../record/step.ts";
import { DrillAborted, throwIfStopped } from "./aborted.ts";
import type { BaselineLimits } from "./finding.ts";
import { Lookout } from "./lookout.ts";
import type { Prediction } from "./prediction.ts";
import type { Ready } from "./preflight.ts";
import type { DrillRequest } from "./request.ts";

/** What one run of a drill is played with. */
export interface RunSetting extends Ready {
  readonly request: DrillRequest;
  readonly prediction: Prediction;
  readonly random: Random;
  /** 1 for the first. */
  readonly turn: number;
  readonly limits: BaselineLimits;
  /** Another share of clients that come anew; undefined: the usual one. */
  readonly freshConnections?: number;
}

/** The baseline, and why it does not allow that anything is broken now. */
export interface Steady {
  readonly span: Span;
  readonly doubts: readonly string[];
}

/** Some clients come anew, most keep their connection (`research/resilience.md` §3). */
const FRESH_CONNECTIONS = 0.1;
/** Beyond all windows: undo, restoration, and a machine that is slow. */
const LOAD_MARGIN_MS = 60_000;
const LOOK_MS = 1_000;
/** A last look that comes sooner would count the same requests twice. */
const WHOLE_LOOK = 0.9;
/** cli.md promises a line every 5 s. */
const HEARTBEAT_MS = 4_000;
const NEVER = new AbortController().signal;

interface Waiting {
  readonly what: string;
  /** Each second, except at the very end. */
  readonly each: () => Promise<void>;
  /** Ends it before its time. */
  readonly over?: AbortSignal;
}

/** The load of one run, and its windows. Disposing kills a generator that was not finished. */
export class Stage implements AsyncDisposable {
  readonly run: LoadRun;
  readonly plan: LoadPlan;
  readonly #setting: RunSetting;
  readonly #kill: AbortController;
  readonly #lookout: Lookout;
  #finished = false;

  private constructor(given: {
    readonly run: LoadRun;
    readonly plan: LoadPlan;
    readonly setting: RunSetting;
    readonly kill: AbortController;
  }) {
    this.run = given.run;
    this.plan = given.plan;
    this.#setting = given.setting;
    this.#kill = given.kill;
    const { samplesFile } = given.plan;
    this.#lookout = new Lookout(given.setting, { run: given.run, samplesFile });
  }

  static async open(setting: RunSetting): Promise<Stage> {
    const { request, load, url, trust, prediction, turn } = setting;
    const { warmUpMs, baselineMs, windowMs } = request.parsed.system.drills;
    const lastsMs = prediction.lastsMsMax ?? windowMs;
    const plan: LoadPlan = {
      url,
      trust,
      ratePerSecond: load.ratePerSecond,
      mix: load.mix,
      timeoutMs: load.timeoutMs,
      seed: request.seed + turn,
      // Also after a drill of the same name was recorded in the same ledger.
      run: `${request.operation}-${turn}-${freshId(4)}`,
      durationMsMax: warmUpMs + baselineMs + lastsMs + LOAD_MARGIN_MS,
      freshConnections: setting.freshConnections ?? FRESH_CONNECTIONS,
      samplesFile: join(request.scratch, `run-${turn}.ndjson`),
    };
    // Not the request's signal: an operator's stop undoes first, and keeps what was measured.
    const kill = new AbortController();
    return new Stage({ run: await request.startLoad(plan, kill.signal), plan, setting, kill });
  }

  /** Chosen to be hurt: whatever else is hurt ends the run. To be said before the injection. */
  mayHurt(instance: InstanceId): void {
    this.#lookout.victims.add(instance);
  }

  /** Warm-up, then the baseline in which nothing is broken; with doubts, nothing may be. */
  async steady(): Promise<Steady> {
    const { request } = this.#setting;
    const { warmUpMs, baselineMs } = request.parsed.system.drills;
    const name = request.name;
    const rate = `${this.plan.ratePerSecond} requests/s`;
    request.emit({ kind: "drill", drill: name, phase: "warm-up", detail: rate });
    const each = (): Promise<void> => this.#lookout.steadySecond();
    await this.#until(warmUpMs, { what: "warm-up", each });
    request.emit({ kind: "drill", drill: name, phase: "baseline", detail: "nothing is broken" });
    const span = { fromMs: warmUpMs, toMs: warmUpMs + baselineMs };
    await this.#until(span.toMs, { what: "baseline", each });
    return { span, doubts: await this.#lookout.arm(span) };
  }

  /** Observes until this moment of the generator's clock; `DrillAborted` on what must not be. */
  async observe(toMs: number, what: string): Promise<void> {
    await this.#until(toMs, { what, each: () => this.#look() });
  }

  /**
   * Looks each second while the work goes on. Its signal aborts on what must not be; its end is
   * waited for all the same, and then `DrillAborted` is thrown.
   */
  async during<Value>(what: string, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const { request, prediction } = this.#setting;
    const given = new AbortController();
    const over = new AbortController();
    const working = work(AbortSignal.any([request.signal, given.signal]));
    const ended = working.then(
      () => over.abort(),
      () => over.abort(),
    );
    const lastsMsMax = prediction.lastsMsMax ?? LOAD_MARGIN_MS;
    const toMs = this.run.nowMs() + lastsMsMax;
    try {
      await this.#until(toMs, { what, each: () => this.#look(), over: over.signal });
      if (!over.signal.aborted) {
        throw new DrillAborted(`${what} is not over after ${humanDuration(lastsMsMax)}`);
      }
    } catch (error) {
      given.abort(error);
      await ended;
      throw error;
    }
    return await working;
  }

  async #look(): Promise<void> {
    const reason = await this.#lookout.look();
    if (reason !== undefined) throw new DrillAborted(reason);
  }

  async #until(toMs: number, { what, each, over = NEVER }: Waiting): Promise<void> {
    const { request } = this.#setting;
    const fromMs = this.run.nowMs();
    let beatMs = fromMs;
    for (let nowMs = fromMs; nowMs < toMs; nowMs = this.run.nowMs()) {
      throwIfStopped(request);
      const nextMs = Math.min(toMs, nowMs + LOOK_MS);
      const waiting = AbortSignal.any([request.signal, over]);
      await this.run.until(nextMs, waiting).catch((error: unknown) => {
        throwIfStopped(request);
        if (!over.aborted) throw error;
      });
      if (over.aborted) return;
      // No look at the very end: what is due then (the undo of a fault) must not wait for it.
      if (nextMs < toMs && nextMs - nowMs >= LOOK_MS * WHOLE_LOOK) await each();
      if (nextMs - beatMs < HEARTBEAT_MS) continue;
      beatMs = nextMs;
      const elapsedMs = nextMs - fromMs;
      request.emit({ kind: "waiting", on: what, elapsedMs, deadlineMs: toMs - fromMs });
    }
    throwIfStopped(request);
  }

  async finish(): Promise<LoadResult> {
    const result = await this.run.finish();
    this.#finished = true;
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#finished) this.#kill.abort();
  }
}
