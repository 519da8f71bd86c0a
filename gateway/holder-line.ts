import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import type { Clock } from "@seaworthy/std/clock";
import type { Command } from "@seaworthy/std/command";
import { backoffMs } from "@seaworthy/std/retry";
import type { Log } from "./holder-log.ts";
import type { Inheritance, WorkerOrder, WorkerReport } from "./orders.ts";
import { FIRST_DESCRIPTOR } from "./worker-peer.ts";

/** A holder that lived this long did not die of its start. */
const STABLE_MS = 10_000;
const BACKOFF = { firstMs: 100, maxMs: 5_000 };

export interface HolderLineOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly onOrder: (order: Exclude<WorkerOrder, { op: "seat" }>) => void;
  /** The holder is gone, and it is not for this worker to see to the next. */
  readonly onAlone: () => void;
  /** What the next holder needs to go on where the last one was. */
  readonly will: () => Inheritance | undefined;
}

/**
 * The worker's end of the line to its holder. The seated worker, which has the descriptors too,
 * starts the next holder when the last one dies, and serves on meanwhile.
 */
export class HolderLine {
  readonly #options: HolderLineOptions;
  #report: (report: WorkerReport) => void = reportToParent;
  /** Starts a holder: set while this worker is the seated one. */
  #heir: Command | undefined = undefined;
  #isLeft = false;

  constructor(options: HolderLineOptions) {
    this.#options = options;
    // Orders come from the process that started this one, and from the same files.
    process.on("message", (order: WorkerOrder) => this.#hear(order));
    process.on("disconnect", () => void this.#succeed());
  }

  report(report: WorkerReport): void {
    this.#report(report);
  }

  #hear(order: WorkerOrder): void {
    if (order.op === "seat") {
      this.#heir = order.heir;
      return;
    }
    if (order.op === "drain") this.#leave();
    this.#options.onOrder(order);
  }

  /** Another one is seated. The name that this one still holds would keep a new holder out. */
  #leave(): void {
    this.#heir = undefined;
    if (!this.#isLeft) closeSync(FIRST_DESCRIPTOR);
    this.#isLeft = true;
  }

  async #succeed(): Promise<void> {
    const { clock, log, onAlone, will } = this.#options;
    this.#report = () => {};
    for (let quickDeaths = 0; this.#heir !== undefined; ) {
      const inheritance = will();
      if (inheritance === undefined) break;
      const startedMs = clock.now();
      log("holder-succeeded", { pid: process.pid });
      log("holder-ended", { pid: process.pid, how: await this.#serve(this.#heir, inheritance) });
      quickDeaths = clock.now() - startedMs > STABLE_MS ? 0 : quickDeaths + 1;
      if (quickDeaths > 0) await clock.sleep(backoffMs(quickDeaths - 1, BACKOFF));
    }
    if (!this.#isLeft) closeSync(FIRST_DESCRIPTOR);
    this.#isLeft = true;
    onAlone();
  }

  /** Starts a holder and obeys it. Resolves with how it ended. */
  #serve(command: Command, inheritance: Inheritance): Promise<string> {
    const [program, ...argv] = command;
    const descriptors = inheritance.sockets.map(({ descriptor }) => descriptor);
    // Said twice: should this process die now too, the sockets must not be held by one that does
    // not know them.
    const heir = spawn(program, [...argv, "--heir", JSON.stringify(inheritance.sockets)], {
      // A group of its own: what is meant for the one that died must not reach it.
      detached: true,
      stdio: ["ignore", "ignore", "inherit", "ipc", FIRST_DESCRIPTOR, ...descriptors],
    });
    const send = (what: WorkerReport | Inheritance): void => {
      if (heir.connected) heir.send(what, () => {});
    };
    this.#report = send;
    send(inheritance);
    heir.on("message", (order: WorkerOrder) => this.#hear(order));
    return new Promise((resolve) => {
      const end = (how: string): void => {
        this.#report = () => {};
        resolve(how);
      };
      heir.on("error", (error) => end(error.message));
      heir.on("exit", (code, signal) => end(signal ?? `exit ${code}`));
    });
  }
}

function reportToParent(report: WorkerReport): void {
  // The channel closes when the holder dies: `disconnect` says so.
  if (process.connected) process.send?.(report, undefined, {}, () => {});
}
