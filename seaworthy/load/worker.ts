import { loadavg } from "node:os";
import { cpuUsage } from "node:process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "@seaworthy/std/clock";
import { Generator } from "./generator.ts";
import { SEND_LAG_P99_MS_MAX, type LoadPlan, type LoadResult } from "./load.ts";
import { secureOptions } from "./trust.ts";
import { readPlan, STOP_LINE, type WorkerMessage } from "./protocol.ts";

/** Often enough that a parent's view of the generator's clock is fresh; almost free. */
const TICK_MS = 20;
/** Beyond it the generator measured itself (`research/resilience.md` §3); never loosened. */
const CPU_RATIO_MAX = 0.7;

export interface LoadWorkerWorld {
  readonly clock: Clock;
  /** The plan as one line, then `stop`. Its end without `stop` means that the parent is gone. */
  readonly input: Readable;
  readonly output: Writable;
}

/**
 * The generator as a process of its own (hidden verb `_load`). Resolves when everything was
 * written; rejects when the first line is no plan. It ends by itself at the plan's longest
 * duration and, at once and without results, when its parent is gone.
 */
export async function runLoadWorker({ clock, input, output }: LoadWorkerWorld): Promise<void> {
  // A parent that is gone closes both pipes; the end of the input already says so.
  output.on("error", () => {});
  const say = (message: WorkerMessage): void => {
    output.write(`${JSON.stringify(message)}\n`);
  };
  const { plan, stop, orphaned } = await listen(input);
  const host = new URL(plan.url).hostname;
  const secure = plan.trust === undefined ? undefined : await secureOptions(plan.trust, host);
  const generator = new Generator(plan, clock, secure);
  await generator.open();
  say({ kind: "started", wallMs: generator.start() });
  const ticks = tick({ clock, generator, say, until: orphaned });
  const cpu = cpuUsage();
  const startedMs = clock.now();
  await generator.sendUntil(AbortSignal.any([stop, orphaned]));
  const used = cpuUsage(cpu);
  const cpuRatio = (used.user + used.system) / 1_000 / Math.max(1, clock.now() - startedMs);
  await generator.settle(orphaned);
  await ticks.stop();
  const problem = await generator.close();
  say({
    kind: "done",
    check: check(generator, cpuRatio),
    samples: generator.samples,
    problem: problem ?? null,
  });
  input.destroy();
}

interface Orders {
  readonly plan: LoadPlan;
  readonly stop: AbortSignal;
  /** The input ended before `stop` came. */
  readonly orphaned: AbortSignal;
}

/** Resolves with the first line's plan; the signals follow what comes after it. */
async function listen(input: Readable): Promise<Orders> {
  const lines = createInterface({ input });
  const stop = new AbortController();
  const orphaned = new AbortController();
  const plan = await new Promise<LoadPlan>((resolve, reject) => {
    lines.once("line", (line) => {
      try {
        resolve(readPlan(line));
      } catch (error) {
        reject(error);
      }
    });
    lines.on("line", (line) => {
      if (line === STOP_LINE) stop.abort();
    });
    lines.once("close", () => {
      reject(new Error("the plan never came"));
      if (!stop.signal.aborted) orphaned.abort();
    });
  });
  return { plan, stop: stop.signal, orphaned: orphaned.signal };
}

function check(generator: Generator, cpuRatio: number): LoadResult["check"] {
  const sendLagP99Ms = generator.sendLagP99Ms();
  return {
    sendLagP99Ms,
    cpuRatio,
    loadAverage: loadavg()[0] ?? 0,
    ok: sendLagP99Ms < SEND_LAG_P99_MS_MAX && cpuRatio < CPU_RATIO_MAX && !generator.overflowed,
  };
}

function tick(options: {
  readonly clock: Clock;
  readonly generator: Generator;
  readonly say: (message: WorkerMessage) => void;
  readonly until: AbortSignal;
}): { stop(): Promise<void> } {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, options.until]);
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      options.say(options.generator.tick());
      await options.clock.sleep(TICK_MS, signal).catch(() => {});
    }
  };
  const running = loop();
  return {
    stop: async () => {
      over.abort();
      await running;
    },
  };
}
