import { join } from "node:path";
import type { Random } from "@seaworthy/std/random";
import { freshId } from "@seaworthy/std/random";
import type { LoadPlan, LoadResult, LoadRun } from "../load/load.ts";
import type { Span } from "../load/window.ts";
import { AbortWatch, throwIfStopped } from "./aborted.ts";
import type { BaselineLimits } from "./finding.ts";
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

/** The load of one run, and its windows. Disposing kills a generator that was not finished. */
export class Stage implements AsyncDisposable {
  readonly run: LoadRun;
  readonly plan: LoadPlan;
  readonly #setting: RunSetting;
  readonly #kill: AbortController;
  readonly #watch: AbortWatch;
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
    this.#watch = new AbortWatch(given.setting.prediction.failingMsMax);
  }

  static async open(setting: RunSetting): Promise<Stage> {
    const { request, load, url, prediction, turn } = setting;
    const { warmUpMs, baselineMs, windowMs } = request.parsed.system.drills;
    const lastsMs = prediction.lastsMsMax ?? windowMs;
    const plan: LoadPlan = {
      url,
      ratePerSecond: load.ratePerSecond,
      mix: load.mix,
      timeoutMs: load.timeoutMs,
      seed: request.seed + turn,
      // Also after a drill of the same name was recorded in the same ledger.
      run: `${request.operation}-${turn}-${freshId(4)}`,
      durationMsMax: warmUpMs + baselineMs + lastsMs + LOAD_MARGIN_MS,
      freshConnections: FRESH_CONNECTIONS,
      samplesFile: join(request.scratch, `run-${turn}.ndjson`),
    };
    // Not the request's signal: an operator's stop undoes first, and keeps what was measured.
    const kill = new AbortController();
    return new Stage({ run: await request.startLoad(plan, kill.signal), plan, setting, kill });
  }

  /** Warm-up, then the baseline in which nothing is broken; also says how much of it failed. */
  async steady(): Promise<{ readonly span: Span; readonly failed: number; readonly sent: number }> {
    const { request } = this.#setting;
    const { warmUpMs, baselineMs } = request.parsed.system.drills;
    const name = request.name;
    const rate = `${this.plan.ratePerSecond} requests/s`;
    request.emit({ kind: "drill", drill: name, phase: "warm-up", detail: rate });
    await this.until(warmUpMs, "warm-up");
    request.emit({ kind: "drill", drill: name, phase: "baseline", detail: "nothing is broken" });
    const counted = { failed: 0, sent: 0 };
    const span = { fromMs: warmUpMs, toMs: warmUpMs + baselineMs };
    await this.until(span.toMs, "baseline", (second) => {
      counted.failed += second.failed;
      counted.sent += second.sent;
    });
    return { span, ...counted };
  }

  /** Observes until this moment of the generator's clock; `DrillAborted` on what must not be. */
  async observe(toMs: number, what: string): Promise<void> {
    await this.until(toMs, what, (second) => this.#watch.look(second, LOOK_MS));
  }

  async until(
    toMs: number,
    what: string,
    each: (second: ReturnType<LoadRun["lastSecond"]>) => void = () => {},
  ): Promise<void> {
    const { request } = this.#setting;
    const fromMs = this.run.nowMs();
    let beatMs = fromMs;
    for (let nowMs = fromMs; nowMs < toMs; nowMs = this.run.nowMs()) {
      throwIfStopped(request);
      const nextMs = Math.min(toMs, nowMs + LOOK_MS);
      await this.run.until(nextMs, request.signal).catch((error: unknown) => {
        throwIfStopped(request);
        throw error;
      });
      if (nextMs - nowMs >= LOOK_MS * WHOLE_LOOK) each(this.run.lastSecond());
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
