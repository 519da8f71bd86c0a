import { chmod, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { TargetError } from "../../target.ts";
import { lineSocket, type LineSocket } from "../line-socket.ts";
import {
  encodeError,
  helloSchema,
  PROTOCOL_VERSION,
  requestSchema,
  type Call,
  type Request,
} from "../protocol.ts";
import type { Crew } from "./crew.ts";
import { defineGraph } from "./define.ts";
import { Housekeeping } from "./housekeeping.ts";
import type { LeaseDesk } from "./lease-desk.ts";
import { supervisorSocket } from "./paths.ts";
import { isEmpty } from "./state.ts";
import { applyStep } from "./steps.ts";

/** Clients of one system are a few verbs at a time; more is a loop gone wrong. */
const CONNECTIONS_MAX = 100;

/** Listens for clients; the caller holds the lock, so whatever socket lies there is stale. */
export async function openReception(crew: Crew, desk: LeaseDesk, pid: number): Promise<Server> {
  const path = supervisorSocket(crew.world.folder);
  await rm(path, { force: true });
  const housekeeping = new Housekeeping(crew.world);
  const server = createServer((socket) => receive({ crew, desk, pid, housekeeping }, socket));
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return server;
}

interface Reception {
  readonly crew: Crew;
  readonly desk: LeaseDesk;
  readonly pid: number;
  readonly housekeeping: Housekeeping;
}

/** One client: hello, then requests, each answered once; gone, what it asked for is called off. */
function receive(reception: Reception, socket: Socket): void {
  const visitor = new Visitor(reception);
  const lines = lineSocket(socket, (message) => visitor.hear(message, lines));
  lines.send({ protocol: PROTOCOL_VERSION, pid: reception.pid });
  void lines.closed.then(() => visitor.leave());
}

class Visitor {
  readonly #reception: Reception;
  readonly #underWay = new Map<number, { controller: AbortController; settled: Promise<void> }>();
  #greeted = false;

  constructor(reception: Reception) {
    this.#reception = reception;
  }

  hear(message: unknown, lines: LineSocket): void {
    if (!this.#greeted) {
      const hello = helloSchema.safeParse(message);
      if (!hello.success || hello.data.protocol !== PROTOCOL_VERSION) lines.close();
      this.#greeted = true;
      return;
    }
    const request = requestSchema.safeParse(message);
    if (!request.success) {
      lines.close();
      return;
    }
    const { id } = request.data;
    if (request.data.call === "cancel") {
      this.#underWay.get(id)?.controller.abort(new TargetError("failed", "called off"));
      return;
    }
    const controller = new AbortController();
    const settled = this.#answer(request.data, controller.signal).then((reply) => {
      this.#underWay.delete(id);
      lines.send(reply);
    });
    this.#underWay.set(id, { controller, settled });
  }

  /** The lease is free when nothing that it asked for goes on any more. */
  async leave(): Promise<void> {
    const underWay = [...this.#underWay.values()];
    for (const { controller } of underWay) {
      controller.abort(new TargetError("failed", "the client is gone"));
    }
    const settling = Promise.allSettled(underWay.map(({ settled }) => settled));
    await this.#reception.desk.leave(this, settling);
  }

  async #answer(request: Request, signal: AbortSignal) {
    const { id } = request;
    try {
      const value = request.call === "cancel" ? {} : await this.#do(request, signal);
      return { id, ok: true, value };
    } catch (error) {
      return { id, ok: false, error: encodeError(error) };
    }
  }

  async #do(call: Call, signal: AbortSignal): Promise<unknown> {
    const { crew, desk, housekeeping } = this.#reception;
    switch (call.call) {
      case "lease": {
        const reply = await desk.take(this, call.owner);
        // Nobody else is putting releases now.
        if (reply.held) await housekeeping.tidyUp();
        return reply;
      }
      case "release":
        desk.letGo(this);
        return { ending: isEmpty(crew.world.ledger.state) };
      case "define":
        this.#mustHold(call.epoch);
        await defineGraph(crew, call);
        return { defined: true };
      case "apply":
        this.#mustHold(call.epoch);
        return await applyStep(crew, call.step, signal);
    }
  }

  #mustHold(epoch: number): void {
    if (this.#reception.desk.admits(this, epoch)) return;
    throw new TargetError("fenced", `epoch ${epoch} holds the lease no longer`, {
      fix: "run the command again: it looks at what there is now",
    });
  }
}
