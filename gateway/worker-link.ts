import type { Command } from "@seaworthy/std/command";
import type { GatewayConfig } from "./config.ts";
import type {
  InheritedSocket,
  KnownEndpoint,
  KnownEndpoints,
  ServedPairs,
  WorkerDrain,
  WorkerReply,
  WorkerReport,
} from "./orders.ts";
import type { WorkerPeer } from "./worker-peer.ts";

export interface WorkerStart {
  readonly config: GatewayConfig;
  readonly pairs: ServedPairs;
  readonly sockets: readonly InheritedSocket[];
  readonly known: KnownEndpoints;
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
  readonly #peer: WorkerPeer;
  readonly #waiting = new Map<number, Waiting>();
  readonly #serving = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<string>();
  readonly #onHealth: (known: KnownEndpoint, endpoint: string) => void;
  #lastSeq = 0;
  isDraining = false;
  hasServed = false;
  isSilent = false;
  /** Its last beat. */
  hasAnswered = true;

  constructor(peer: WorkerPeer, onHealth: (known: KnownEndpoint, endpoint: string) => void) {
    this.#peer = peer;
    this.#onHealth = onHealth;
    // Nobody may be waiting for it: that is no reason to die of it.
    this.#serving.promise.catch(() => {});
    peer.onEnd((how) => this.#end(how));
    peer.onReport((report) => this.#hear(report));
  }

  get pid(): number {
    return this.#peer.pid;
  }

  start(start: WorkerStart): void {
    this.#peer.send({ op: "start", ...start });
  }

  /** When we die, it starts the next holder by this. */
  seat(heir: Command): void {
    this.#peer.send({ op: "seat", heir });
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
      this.#peer.send({ ...what, seq });
    });
  }

  drain(drain: WorkerDrain): void {
    this.isDraining = true;
    this.#peer.send({ op: "drain", drain });
  }

  serveCertificates(pairs: ServedPairs): void {
    this.#peer.send({ op: "certificates", pairs });
  }

  kill(): void {
    this.#peer.kill();
  }

  /** Asks it for a sign of life, unless one is still owed. */
  beat(): void {
    if (!this.hasAnswered) return;
    this.hasAnswered = false;
    this.#peer.send({ op: "beat" });
  }

  /** It answers nothing: whoever waits for it waits no longer. It may still come to itself. */
  giveUp(): void {
    this.isSilent = true;
    this.#rejectAll(new WorkerGone(`worker ${this.pid} is silent`));
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
        this.#onHealth(message.known, message.endpoint);
        return;
      case "beat":
        this.hasAnswered = true;
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
    this.#rejectAll(gone);
    this.#exited.resolve(how);
  }

  #rejectAll(error: WorkerGone): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
