import { enableCompileCache } from "node:module";
import { parseArgs } from "node:util";
import { systemClock } from "@seaworthy/std/clock";
import type { Command } from "@seaworthy/std/command";
import { freshId, freshSeed, seeded } from "@seaworthy/std/random";
import { readDescriptorLimit } from "./descriptors.ts";
import { jsonLog, type Log } from "./holder-log.ts";
import type { Answer } from "./control-server.ts";
import type { Holder } from "./holder.ts";
import type { Inheritance, WorkerReport } from "./orders.ts";
import { within } from "./race.ts";
import type { Worker } from "./worker.ts";

/**
 * The gateway's composition root: `node main.ts --state DIR --control SOCKET` is the holder, which
 * starts this file again as `--worker`. A worker whose holder died starts the next with `--heir`.
 * Exit: 0 after a drain, 1 on an error, 2 on bad arguments.
 */
async function main(): Promise<void> {
  enableCompileCache();
  // A log that cannot be written (a full disk) is no reason to stop serving: Node would end here.
  process.stderr.on("error", () => {});
  const log = jsonLog(systemClock, (line) => process.stderr.write(line));
  const { values } = parseArgs({
    options: {
      state: { type: "string" },
      control: { type: "string" },
      worker: { type: "boolean", default: false },
      heir: { type: "string" },
    },
  });
  if (values.worker) {
    await work(log);
  } else if (values.state !== undefined && values.control !== undefined) {
    const { state: folder, control, heir } = values;
    await hold({ folder, control, heir, log });
  } else {
    throw new TypeError("usage: main.ts --state DIR --control SOCKET");
  }
}

interface HoldOptions {
  readonly folder: string;
  readonly control: string;
  /** The inherited sockets as JSON; undefined: it begins anew. */
  readonly heir: string | undefined;
  readonly log: Log;
}

/** For the reply to who asked for it. */
const LEAVE_MS = 50;
/** A worker that starts a holder tells it at once; one that does not is none. */
const INHERITANCE_MS = 10_000;

async function hold({ folder, control, heir, log }: HoldOptions): Promise<void> {
  const will = heir === undefined ? undefined : inheritance();
  const { Holder } = await import("./holder.ts");
  const { ControlServer } = await import("./control-server.ts");
  const { readInherited } = await import("./listener-sockets.ts");
  const { FIRST_DESCRIPTOR, parentPeer } = await import("./worker-peer.ts");
  // Sockets and files of ours are nobody else's, from their first moment on.
  process.umask(0o077);
  const stopped = firstSignal();
  // The path is claimed first, so that a second holder binds nothing; requests wait.
  const ready = Promise.withResolvers<Holder>();
  const answer: Answer = async (request) => (await ready.promise).answer(request);
  await using server =
    heir === undefined
      ? await ControlServer.open(control, answer)
      : await ControlServer.inherit(control, FIRST_DESCRIPTOR, answer);
  const program: Command = [process.execPath, ...process.execArgv, import.meta.filename];
  const holderArguments = ["--state", folder, "--control", control];
  const commands = { program, workerArguments: ["--worker"], holderArguments };
  const random = seeded(freshSeed());
  const { descriptor } = server;
  const options = { clock: systemClock, random, folder, commands, control: descriptor, log };
  const holder = new Holder(options);
  const left = await will;
  const started =
    left === undefined
      ? await holder.restore(heir === undefined ? [] : readInherited(heir))
      : await holder.succeed(left, parentPeer(left.pid));
  if (!started.ok) throw new Error(started.error);
  ready.resolve(holder);
  log("holding", { pid: process.pid, control: server.path });
  const why = await Promise.race([stopped, holder.left]);
  // Its worker has what it holds, the name as well: nothing is to be closed.
  if (why === undefined) {
    await systemClock.sleep(LEAVE_MS);
    process.exit();
  }
  log("stopping", { signal: why });
  await holder.stop();
}

/** What the worker that started this process says first; undefined: it died before it could. */
async function inheritance(): Promise<Inheritance | undefined> {
  const told = new Promise<Inheritance | undefined>((resolve) => {
    // From the same files, or from older ones: the version says so.
    process.once("message", resolve);
    process.once("disconnect", () => resolve(undefined));
    if (!process.connected) resolve(undefined);
  });
  return await within(told, { clock: systemClock, ms: INHERITANCE_MS, what: "an inheritance" });
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
  const { HolderLine } = await import("./holder-line.ts");
  // A terminal's Ctrl-C reaches the whole group; ending is the holder's to order.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  let worker: Worker | undefined;
  const finished = Promise.withResolvers<{ readonly cut: number }>();
  const options = {
    clock: systemClock,
    idPrefix: freshId(6),
    descriptorLimit: readDescriptorLimit(),
    rateSeeds: [secretNumber(), secretNumber()],
    report: (report: WorkerReport) => line.report(report),
  } as const;
  const line = new HolderLine({
    clock: systemClock,
    log,
    will: () => worker?.inheritance,
    onOrder: (order) => {
      if (order.op !== "start") {
        void worker?.obey(order);
        return;
      }
      void startWorker(order, options).then((one) => {
        worker = one;
        void one.finished.then(finished.resolve);
      });
    },
    onAlone: () => {
      if (worker === undefined) finished.resolve({ cut: 0 });
      else void worker.orphaned();
    },
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
