import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { ControlReply, ControlRequest, GatewayStatus } from "./control.ts";

type Without<Union, Key extends string> = Union extends unknown ? Omit<Union, Key> : never;
export type ControlAsk = Without<ControlRequest, "id">;

export function statusOf(reply: ControlReply): GatewayStatus {
  if (!reply.ok || !("status" in reply)) throw new Error(JSON.stringify(reply));
  return reply.status;
}

/** Trusted as it stands: what the gateway says to its driver is what these tests are about. */
function controlReply(line: string): ControlReply {
  return z.custom<ControlReply>((value) => typeof value === "object").parse(JSON.parse(line));
}

export class ControlClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, PromiseWithResolvers<ControlReply>>();
  #lastId = 0;

  static open(path: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => resolve(new ControlClient(socket)));
      socket.on("error", reject);
    });
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = createInterface(socket);
    // One whose holder is killed: `close` says so.
    lines.on("error", () => {});
    lines.on("line", (line) => {
      const reply = controlReply(line);
      this.#waiting.get(reply.id)?.resolve(reply);
    });
    socket.on("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the holder hung up"));
    });
  }

  ask(what: ControlAsk): Promise<ControlReply> {
    this.#lastId += 1;
    const id = this.#lastId;
    const reply = Promise.withResolvers<ControlReply>();
    this.#waiting.set(id, reply);
    // Nobody may wait for it any more when the holder is killed.
    reply.promise.catch(() => {});
    this.#socket.write(`${JSON.stringify({ ...what, id })}\n`);
    return reply.promise;
  }

  close(): void {
    this.#socket.destroy();
  }
}
