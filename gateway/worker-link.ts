import { spawn, type ChildProcess } from "node:child_process";
import type { Command } from "@seaworthy/std/command";
import type { BoundSocket } from "./bound-socket.ts";
import type { GatewayConfig } from "./config.ts";
import type {
  KnownEndpoint,
  KnownEndpoints,
  ServedPairs,
  WorkerDrain,
  WorkerOrder,
  WorkerReply,
  WorkerReport,
} from "./orders.ts";

/** Descriptors 0 to 2 are the usual ones, 3 is the IPC channel. */
const FIRST_DESCRIPTOR = 4;

export interface WorkerStart {
  readonly command: Command;
  readonly config: GatewayConfig;
  readonly pairs: ServedPairs;
  readonly sockets: ReadonlyMap<string, BoundSocket>;
  readonly known: KnownEndpoints;
  readonly onHealth: (endpoint: string, known: KnownEndpoint) => void;
}

export class WorkerGone extends Error {
  override readonly name = "WorkerGone";
}

/** The listener that could not be taken, and the system's word for why. */
export class CannotListen extends Error {
  override readonly name = "CannotListen";
  readonly listener: string;
  readonly code: string;

  constructor(listener: string, code: string) {
    super(`listener ${listener}: ${code}`);
    this.listener = listener;
    this.code = code;
  }
}

type Ask =
  | { readonly op: "apply"; readonly config: GatewayConfig; readonly pairs: ServedPairs }
  | { readonly op: "status" }
  | { readonly op: "metrics" }
  | { readonly op: "drain-endpoint"; readonly endpoint: string; readonly deadlineMs: number };

interface Waiting {
  readonly resolve: (reply: WorkerReply) => void;
  readonly reject: (error: Error) => void;
}

/** The holder's end of one worker process. */
export class WorkerLink {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #serving = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<string>();
  readonly #onHealth: WorkerStart["onHealth"];
  #lastSeq = 0;
  isDraining = false;
  hasServed = false;

  constructor(start: WorkerStart) {
    const [program, ...argv] = start.command;
    const sockets = [...start.sockets];
    this.#onHealth = start.onHealth;
    this.#child = spawn(program, argv, {
      stdio: ["ignore", "ignore", "inherit", "ipc", ...sockets.map(([, one]) => one.descriptor)],
    });
    // Nobody may be waiting for it: that is no reason to die of it.
    this.#serving.promise.catch(() => {});
    this.#child.on("error", (error) => this.#end(error.message));
    this.#child.on("exit", (code, signal) => this.#end(signal ?? `exit ${code}`));
    this.#child.on("message", (report: WorkerReport) => this.#hear(report));
    this.#send({
      op: "start",
      config: start.config,
      pairs: start.pairs,
      known: start.known,
      sockets: sockets.map(([name], index) => ({ name, descriptor: FIRST_DESCRIPTOR + index })),
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Rejects with `CannotListen` or `WorkerGone`. */
  get serving(): Promise<void> {
    return this.#serving.promise;
  }

  /** Resolves with how it ended: `exit 0`, `SIGKILL`. */
  get exited(): Promise<string> {
    return this.#exited.promise;
  }

  /** Rejects with `WorkerGone` when the worker ends before it answers. */
  ask(what: Ask): Promise<WorkerReply> {
    this.#lastSeq += 1;
    const seq = this.#lastSeq;
    return new Promise((resolve, reject) => {
      this.#waiting.set(seq, { resolve, reject });
      this.#send({ ...what, seq });
    });
  }

  drain(drain: WorkerDrain): void {
    this.isDraining = true;
    this.#send({ op: "drain", drain });
  }

  serveCertificates(pairs: ServedPairs): void {
    this.#send({ op: "certificates", pairs });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #send(order: WorkerOrder): void {
    // A closed channel is told by `exit`, which ends what waits.
    if (this.#child.connected) this.#child.send(order, () => {});
  }

  #hear(message: WorkerReport): void {
    switch (message.report) {
      case "serving":
        this.hasServed = true;
        this.#serving.resolve();
        return;
      case "cannot-listen":
        this.#serving.reject(new CannotListen(message.listener, message.code));
        return;
      case "health":
        this.#onHealth(message.endpoint, message.known);
        return;
      case "reply":
        this.#waiting.get(message.seq)?.resolve(message.reply);
        this.#waiting.delete(message.seq);
        return;
      default:
    }
  }

  #end(how: string): void {
    const gone = new WorkerGone(`worker ${this.pid} ended: ${how}`);
    this.#serving.reject(gone);
    for (const { reject } of this.#waiting.values()) reject(gone);
    this.#waiting.clear();
    this.#exited.resolve(how);
  }
}
