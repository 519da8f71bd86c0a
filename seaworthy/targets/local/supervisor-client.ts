import type { z } from "zod";
import { connectTo, lineSocket, type LineSocket } from "./line-socket.ts";
import {
  decodeError,
  helloSchema,
  PROTOCOL_VERSION,
  replySchema,
  type Call,
  type Reply,
} from "./protocol.ts";
import { TargetError } from "../target.ts";

type Hello = z.output<typeof helloSchema>;

/** One connection to a supervisor; the lease lives as long as it does. */
export class SupervisorClient {
  readonly supervisorPid: number;
  /** An older one does not know all that it would be asked. */
  readonly isOlder: boolean;
  readonly #lines: LineSocket;
  readonly #waiting: Map<number, (reply: Reply) => void>;
  readonly #lost = new AbortController();
  #next = 1;

  private constructor(parts: {
    readonly hello: Hello;
    readonly lines: LineSocket;
    readonly waiting: Map<number, (reply: Reply) => void>;
  }) {
    this.supervisorPid = parts.hello.pid;
    this.isOlder = parts.hello.protocol < PROTOCOL_VERSION;
    this.#lines = parts.lines;
    this.#waiting = parts.waiting;
    void this.#lines.closed.then(() =>
      this.#lost.abort(new TargetError("unreachable", "the supervisor is gone")),
    );
  }

  /** Undefined when nobody supervises; throws where a newer one does. */
  static async connect(path: string, signal: AbortSignal): Promise<SupervisorClient | undefined> {
    const socket = await connectTo(path, signal);
    if (socket === undefined) return undefined;
    const waiting = new Map<number, (reply: Reply) => void>();
    const greeting = Promise.withResolvers<Hello | undefined>();
    let greeted = false;
    const lines = lineSocket(socket, (message) => {
      if (greeted) return hear(waiting, message);
      greeted = true;
      const hello = helloSchema.safeParse(message);
      if (!hello.success || hello.data.protocol > PROTOCOL_VERSION) {
        return greeting.reject(newerVersion());
      }
      // In its own words: an older one hangs up on those it does not know.
      lines.send({ protocol: hello.data.protocol, pid: 0 });
      greeting.resolve(hello.data);
    });
    void lines.closed.then(() => greeting.resolve(undefined));
    const abort = (): void => lines.close();
    signal.addEventListener("abort", abort, { once: true });
    try {
      const hello = await greeting.promise;
      return hello === undefined ? undefined : new SupervisorClient({ hello, lines, waiting });
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Aborts when the connection is gone, and the lease with it. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get closed(): Promise<void> {
    return this.#lines.closed;
  }

  /** The reply's value, not yet parsed; the supervisor is told when nobody waits any more. */
  async ask(call: Call, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    this.lost.throwIfAborted();
    const id = this.#next;
    this.#next += 1;
    const done = new AbortController();
    const options = { once: true, signal: done.signal };
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#waiting.set(id, (reply) => {
          if (reply.ok) resolve(reply.value);
          else reject(decodeError(reply.error));
        });
        this.lost.addEventListener("abort", () => reject(this.lost.reason), options);
        const cancel = (): void => {
          this.#lines.send({ id, call: "cancel" });
          reject(signal.reason);
        };
        signal.addEventListener("abort", cancel, options);
        this.#lines.send({ id, ...call });
      });
    } finally {
      done.abort();
      this.#waiting.delete(id);
    }
  }

  close(): void {
    this.#lines.close();
  }
}

function hear(waiting: Map<number, (reply: Reply) => void>, message: unknown): void {
  const reply = replySchema.safeParse(message);
  if (reply.success) waiting.get(reply.data.id)?.(reply.data);
}

function newerVersion(): TargetError {
  return new TargetError("too-new", "a newer version of seaworthy looks after this system", {
    fix: "use that version: an older one does not know what it would break",
  });
}
