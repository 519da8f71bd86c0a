import { Pool } from "undici";
import type { Clock } from "@seaworthy/std/clock";
import { seeded } from "@seaworthy/std/random";
import type { LoadRequest } from "../system/system.ts";
import { judge, type Ending } from "./ending.ts";
import { Exchange } from "./exchange.ts";
import { LatencyHistogram } from "./histogram.ts";
import { WRITE_HEADER, type LoadPlan } from "./load.ts";
import { mixer } from "./mix.ts";
import type { Tick } from "./protocol.ts";
import { RecentCounts } from "./recent.ts";
import { SampleFile } from "./sample-file.ts";
import type { SecureOptions } from "./trust.ts";

/** More open at once means sockets run out on our side, and we would measure ourselves. */
const IN_FLIGHT_MAX = 8_192;
/** In the first second code is compiled and connections are made: that is no steady lag. */
const LAG_WARM_UP_MS = 1_000;
/** A timer of the runtime fires at most this much late for a request that is due. */
const SLEEP_MS_MIN = 1;
/** Beyond the client's time-out, for a sweep that comes every tick. */
const SETTLE_MARGIN_MS = 500;
const SETTLE_EVERY_MS = 10;
const LAG_EVERY_MS = 1_000;

/** Sends what a plan says, when it is due, whatever becomes of the answers. */
export class Generator {
  /** More was open than we can hold: the plan's rate was not kept. */
  overflowed = false;
  readonly #plan: LoadPlan;
  readonly #clock: Clock;
  readonly #file: SampleFile;
  readonly #pool: Pool;
  readonly #mix: readonly LoadRequest[];
  readonly #pick: () => LoadRequest;
  readonly #fresh: () => boolean;
  readonly #open = new Set<Exchange>();
  readonly #lag = new LatencyHistogram();
  readonly #recent = new RecentCounts();
  /** Kinds of streams seen to end with their own mark: without it, theirs was cut. */
  readonly #marks = new WeakSet<LoadRequest>();
  #lagTold = { atMs: 0, p99Ms: 0 };
  #startMs = 0;
  #index = 0;

  /** `secure`: for an https URL whose plan names what to trust. */
  constructor(plan: LoadPlan, clock: Clock, secure?: SecureOptions) {
    const random = seeded(plan.seed);
    this.#plan = plan;
    this.#clock = clock;
    this.#file = new SampleFile(plan.samplesFile);
    const base = new URL(plan.url);
    const prefix = base.pathname.replace(/\/$/, "");
    this.#mix = plan.mix.map((request) => ({
      ...withStreamAccept(request),
      path: `${prefix}${request.path}`,
    }));
    this.#pick = mixer(this.#mix, random);
    this.#fresh = () => random.next() < plan.freshConnections;
    this.#pool = new Pool(base.origin, {
      pipelining: 1,
      allowH2: false,
      connectTimeout: plan.timeoutMs,
      // Each new connection shakes hands in full: a resumed one is shown no certificate.
      connect: { maxCachedSessions: 0, ...secure },
      // Our own sweep decides: these would fire on a coarser timer and from another start.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  async open(): Promise<void> {
    await this.#file.create();
  }

  /** From now on requests fall due. Returns the wall clock at the start. */
  start(): number {
    this.#startMs = this.#clock.now();
    return this.#clock.wall();
  }

  get samples(): number {
    return this.#file.count;
  }

  sendLagP99Ms(): number {
    return this.#lag.percentileMs(99);
  }

  #nowMs(): number {
    return this.#clock.now() - this.#startMs;
  }

  /** Open loop: request i is due at i/rate, and a late one is sent at once, never dropped. */
  async sendUntil(stop: AbortSignal): Promise<void> {
    const everyMs = 1_000 / this.#plan.ratePerSecond;
    while (!stop.aborted) {
      const nowMs = this.#nowMs();
      if (nowMs >= this.#plan.durationMsMax) return;
      while (this.#index * everyMs <= nowMs) this.#send(this.#index * everyMs);
      const waitMs = this.#index * everyMs - this.#nowMs();
      await this.#clock.sleep(Math.max(SLEEP_MS_MIN, waitMs), stop).catch(() => {});
    }
  }

  #send(dueMs: number): void {
    const request = this.#pick();
    const index = this.#index++;
    const sentMs = this.#nowMs();
    if (dueMs >= LAG_WARM_UP_MS) this.#lag.record(sentMs - dueMs);
    const write = request.class === "unsafe" ? `${this.#plan.run}-${index}` : undefined;
    const ended = (over: Exchange, ending: Ending): void => this.#ended(over, request, ending);
    const exchange = new Exchange({ index, class: request.class, dueMs, sentMs, write, ended });
    this.#recent.sent(sentMs);
    this.#open.add(exchange);
    if (this.#open.size > IN_FLIGHT_MAX) {
      this.overflowed = true;
      exchange.giveUp("timeout");
      return;
    }
    this.#pool.dispatch(
      {
        method: request.method,
        path: request.path,
        headers:
          write === undefined ? request.headers : { ...request.headers, [WRITE_HEADER]: write },
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(this.#fresh() ? { reset: true } : {}),
      },
      exchange,
    );
  }

  #ended(exchange: Exchange, request: LoadRequest, ending: Ending): void {
    this.#open.delete(exchange);
    const seen = this.#streamEnding(exchange, request, ending);
    const { outcome, failure } = judge(exchange.class, seen);
    const endMs = this.#nowMs();
    if (outcome !== "ok" && seen.kind !== "open") this.#recent.failed(endMs);
    this.#file.append({
      index: exchange.index,
      kind: this.#mix.indexOf(request),
      class: exchange.class,
      dueMs: rounded(exchange.dueMs),
      sentMs: rounded(exchange.sentMs),
      endMs: seen.kind === "open" ? undefined : rounded(endMs),
      outcome,
      status: exchange.status,
      failure,
      write: exchange.write,
      instance: exchange.instance,
      release: exchange.release,
    });
  }

  /** A proxy may end a broken stream neatly: what used to say that it is done must say it again. */
  #streamEnding(exchange: Exchange, request: LoadRequest, ending: Ending): Ending {
    if (exchange.class !== "stream" || ending.kind !== "answered") return ending;
    if (exchange.saidDone) this.#marks.add(request);
    const whole = exchange.saidDone || !this.#marks.has(request) || ending.status >= 300;
    return whole ? ending : { kind: "cut" };
  }

  /** What the parent is told; also gives up what was silent for the client's time-out. */
  tick(): Tick {
    const nowMs = this.#nowMs();
    for (const exchange of this.#open) this.#sweep(exchange, nowMs);
    this.#file.flush();
    const { sent, failed } = this.#recent.lastSecond(nowMs);
    const sendLagP99Ms = this.#lagNow(nowMs);
    return { kind: "tick", nowMs, sent, failed, inFlight: this.#open.size, sendLagP99Ms };
  }

  /** A percentile walks the whole histogram: once a second is often enough. */
  #lagNow(nowMs: number): number {
    if (nowMs - this.#lagTold.atMs >= LAG_EVERY_MS) {
      this.#lagTold = { atMs: nowMs, p99Ms: this.sendLagP99Ms() };
    }
    return this.#lagTold.p99Ms;
  }

  /** A stream may take as long as it flows; everything else has one time-out from its due time. */
  #sweep(exchange: Exchange, nowMs: number): void {
    if (exchange.class === "stream" && exchange.stirred) {
      exchange.stirred = false;
      exchange.quietSinceMs = nowMs;
    }
    if (nowMs - exchange.quietSinceMs >= this.#plan.timeoutMs) exchange.giveUp("timeout");
  }

  /** Waits for what is open, bounded by the client's time-out; streams may still flow then. */
  async settle(orphaned: AbortSignal): Promise<void> {
    const untilMs = this.#nowMs() + this.#plan.timeoutMs + SETTLE_MARGIN_MS;
    while (this.#open.size > 0 && this.#nowMs() < untilMs && !orphaned.aborted) {
      await this.#clock.sleep(SETTLE_EVERY_MS, orphaned).catch(() => {});
    }
    for (const exchange of this.#open) exchange.giveUp("open");
  }

  /** Resolves when all is written, with what went wrong in writing. */
  async close(): Promise<string | undefined> {
    await this.#pool.destroy();
    await this.#file.close();
    return this.#file.problem;
  }
}

/** The edge tells streams apart by what a request accepts. */
function withStreamAccept(request: LoadRequest): LoadRequest {
  const named = Object.keys(request.headers).some((name) => name.toLowerCase() === "accept");
  if (request.class !== "stream" || named) return request;
  return { ...request, headers: { ...request.headers, accept: "text/event-stream" } };
}

/** Microseconds are all that the clock knows. */
function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
