import { enableCompileCache } from "node:module";
import { parseArgs } from "node:util";
import { systemClock } from "@seaworthy/std/clock";
import type { Command } from "@seaworthy/std/command";
import { freshId, freshSeed, seeded } from "@seaworthy/std/random";
import { readDescriptorLimit } from "./descriptors.ts";
import { jsonLog, type Log } from "./holder-log.ts";
import type { WorkerOrder } from "./orders.ts";
import type { Worker } from "./worker.ts";

/**
 * The gateway's composition root: `node main.ts --state DIR --control SOCKET` is the holder, which
 * starts this file again as `--worker`. Exit: 0 after a drain, 1 on an error, 2 on bad arguments.
 */
async function main(): Promise<void> {
  enableCompileCache();
  const log = jsonLog(systemClock, (line) => process.stderr.write(line));
  const { values } = parseArgs({
    options: {
      state: { type: "string" },
      control: { type: "string" },
      worker: { type: "boolean", default: false },
    },
  });
  if (values.worker) {
    await work(log);
  } else if (values.state !== undefined && values.control !== undefined) {
    await hold({ folder: values.state, control: values.control, log });
  } else {
    throw new TypeError("usage: main.ts --state DIR --control SOCKET");
  }
}

interface HoldOptions {
  readonly folder: string;
  readonly control: string;
  readonly log: Log;
}

async function hold({ folder, control, log }: HoldOptions): Promise<void> {
  const { Holder } = await import("./holder.ts");
  const { ControlServer } = await import("./control-server.ts");
  // Sockets and files of ours are nobody else's, from their first moment on.
  process.umask(0o077);
  const stopped = firstSignal();
  const workerCommand: Command = [
    process.execPath,
    ...process.execArgv,
    import.meta.filename,
    "--worker",
  ];
  const random = seeded(freshSeed());
  const holder = new Holder({ clock: systemClock, random, folder, workerCommand, log });
  // The path is claimed first, so that a second holder binds nothing; requests wait.
  const ready = Promise.withResolvers<void>();
  await using server = await ControlServer.open(control, async (request) => {
    await ready.promise;
    return holder.answer(request);
  });
  const restored = await holder.restore();
  if (!restored.ok) throw new Error(restored.error);
  ready.resolve();
  log("holding", { pid: process.pid, control: server.path });
  log("stopping", { signal: await stopped });
  await holder.stop();
}

function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
  });
}

function secretNumber(): number {
  return Number.parseInt(freshId(4), 16);
}

async function work(log: Log): Promise<void> {
  const { startWorker } = await import("./worker.ts");
  const report = (what: object): void => {
    // The channel closes when the holder dies: `disconnect` says so.
    if (process.connected) process.send?.(what, undefined, {}, () => {});
  };
  // A terminal's Ctrl-C reaches the whole group; ending is the holder's to order.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  let worker: Worker | undefined;
  const finished = Promise.withResolvers<{ readonly cut: number }>();
  process.on("disconnect", () => {
    if (worker === undefined) finished.resolve({ cut: 0 });
    else void worker.orphaned();
  });
  // Orders come from the process that started this one, and from the same files.
  process.on("message", (order: WorkerOrder) => {
    if (order.op !== "start") {
      void worker?.obey(order);
      return;
    }
    const options = {
      clock: systemClock,
      idPrefix: freshId(6),
      descriptorLimit: readDescriptorLimit(),
      rateSeeds: [secretNumber(), secretNumber()],
      report,
    } as const;
    void startWorker(order, options).then((one) => {
      worker = one;
      void one.finished.then(finished.resolve);
    });
  });
  const { cut } = await finished.promise;
  log("worker-drained", { pid: process.pid, cut });
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${JSON.stringify({ event: "failed", error: message })}\n`);
    process.exitCode = error instanceof TypeError ? 2 : 1;
  }
  process.exit();
}
