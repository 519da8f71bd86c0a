import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "@seaworthy/std/clock";
import { deadline } from "@seaworthy/std/clock";
import type { OwnCommand } from "@seaworthy/std/command";
import type { LoadPlan, LoadResult, LoadRun, StartLoad } from "./load.ts";
import { readMessage, STOP_LINE, type WorkerMessage } from "./protocol.ts";
import { readSamples } from "./sample-file.ts";

/** The hidden verb under which `cli/main` runs `runLoadWorker`. */
const LOAD_VERB = "_load";
/** Start of a Node process on a busy machine; measured 0.1 s on an idle one. */
const START_MS_MAX = 15_000;
/** Beyond the client's time-out: the last batch of samples, written. */
const FINISH_MARGIN_MS = 15_000;
/** How soon a waiting caller notices that the generator died. */
const WAIT_STEP_MS = 50;
/** What a generator that died said last, for the message. */
const STDERR_BYTES_MAX = 4_096;

/** The generator could not be started, died, or could not keep its samples. */
export class LoadError extends Error {
  override readonly name = "LoadError";
  readonly code: "not-started" | "died" | "ended" | "samples";
  constructor(code: LoadError["code"], message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

/**
 * Starts generators as processes of their own, so that what the tool does meanwhile never delays a
 * request. Aborting the signal kills the generator; its results are then gone.
 */
export function startLoad(ownCommand: OwnCommand, clock: Clock): StartLoad {
  return async (plan, signal) => {
    signal.throwIfAborted();
    const worker = new Worker({ command: ownCommand(LOAD_VERB), clock, plan });
    const kill = (): void => worker.kill();
    signal.addEventListener("abort", kill, { once: true });
    void worker.over.then(() => signal.removeEventListener("abort", kill));
    await worker.started(signal);
    return worker;
  };
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

class Worker implements LoadRun {
  startedWallMs = 0;
  /** Resolves when the process is gone. */
  readonly over: Promise<void>;
  readonly #clock: Clock;
  readonly #plan: LoadPlan;
  readonly #child: Child;
  #heard: { readonly nowMs: number; readonly atMs: number } | undefined;
  #last = { sent: 0, failed: 0 };
  #sendLagP99Ms = 0;
  #done: Extract<WorkerMessage, { kind: "done" }> | undefined;
  #gone: LoadError | undefined;
  #result: Promise<LoadResult> | undefined;
  #stderr = "";

  constructor(options: {
    readonly command: readonly [string, ...string[]];
    readonly clock: Clock;
    readonly plan: LoadPlan;
  }) {
    this.#clock = options.clock;
    this.#plan = options.plan;
    const [program, ...argv] = options.command;
    this.#child = spawn(program, argv, { stdio: ["pipe", "pipe", "pipe"], env: {} });
    this.over = this.#follow();
    // A generator that died is reported by its exit, not by a broken pipe.
    this.#child.stdin.on("error", () => {});
    this.#child.stdin.write(`${JSON.stringify(options.plan)}\n`);
  }

  async #follow(): Promise<void> {
    const lines = createInterface({ input: this.#child.stdout });
    lines.on("line", (line) => this.#hear(line));
    this.#child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      this.#stderr = (this.#stderr + chunk).slice(-STDERR_BYTES_MAX);
    });
    this.#gone = await this.#ended();
  }

  #ended(): Promise<LoadError> {
    return new Promise((resolve) => {
      this.#child.once("error", (error) => {
        resolve(new LoadError("not-started", "cannot start the load generator", error));
      });
      this.#child.once("close", (code, signal) => {
        const how = signal === null ? `with code ${code}` : `by ${signal}`;
        const said = this.#stderr === "" ? "" : `: ${this.#stderr.trim()}`;
        resolve(
          this.#done === undefined
            ? new LoadError("died", `the load generator ended ${how}${said}`)
            : new LoadError("ended", "the load ended by itself after its longest duration"),
        );
      });
    });
  }

  #hear(line: string): void {
    try {
      this.#note(readMessage(line));
    } catch (error) {
      this.#stderr += `not a message of the generator: ${line.slice(0, 200)} (${String(error)})`;
      this.kill();
    }
  }

  #note(message: WorkerMessage): void {
    if (message.kind === "started") {
      this.startedWallMs = message.wallMs;
      this.#heard = { nowMs: 0, atMs: this.#clock.now() };
    } else if (message.kind === "tick") {
      this.#heard = { nowMs: message.nowMs, atMs: this.#clock.now() };
      this.#last = { sent: message.sent, failed: message.failed };
      this.#sendLagP99Ms = message.sendLagP99Ms;
    } else {
      this.#done = message;
    }
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async started(signal: AbortSignal): Promise<void> {
    const bounded = deadline(START_MS_MAX, "the load generator's start", signal);
    try {
      await this.#wait(() => this.#heard !== undefined, bounded);
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  async until(ms: number, signal: AbortSignal): Promise<void> {
    await this.#wait(
      () => this.nowMs() >= ms,
      signal,
      () => ms - this.nowMs(),
    );
  }

  /** In steps, because a generator that dies must be noticed. */
  async #wait(
    there: () => boolean,
    signal: AbortSignal,
    leftMs: () => number = () => WAIT_STEP_MS,
  ): Promise<void> {
    while (!there()) {
      signal.throwIfAborted();
      if (this.#gone !== undefined) throw this.#gone;
      await this.#clock.sleep(Math.max(1, Math.min(WAIT_STEP_MS, leftMs())), signal);
    }
  }

  nowMs(): number {
    if (this.#heard === undefined) return 0;
    return this.#heard.nowMs + (this.#clock.now() - this.#heard.atMs);
  }

  lastSecond(): { readonly sent: number; readonly failed: number } {
    return this.#last;
  }

  sendLagP99Ms(): number {
    return this.#sendLagP99Ms;
  }

  finish(): Promise<LoadResult> {
    this.#result ??= this.#finish();
    return this.#result;
  }

  async #finish(): Promise<LoadResult> {
    this.#child.stdin.write(`${STOP_LINE}\n`);
    const boundMs = this.#plan.timeoutMs + FINISH_MARGIN_MS;
    const bounded = deadline(boundMs, "the load generator's last samples");
    try {
      await this.#wait(() => this.#gone !== undefined, bounded);
    } catch (error) {
      this.kill();
      throw error;
    }
    const done = this.#done;
    if (done === undefined) throw this.#gone ?? new LoadError("died", "no results");
    if (done.problem !== null) throw new LoadError("samples", done.problem);
    const samples = await this.#samples(done.samples);
    return { samples, check: done.check };
  }

  async #samples(expected: number): Promise<LoadResult["samples"]> {
    const samples = await readSamples(this.#plan.samplesFile).catch((error: unknown) => {
      throw new LoadError("samples", `${this.#plan.samplesFile} is damaged`, error);
    });
    if (samples.length === expected) return samples;
    const found = `${samples.length} of ${expected} samples`;
    throw new LoadError("samples", `${this.#plan.samplesFile} holds ${found}`);
  }
}
