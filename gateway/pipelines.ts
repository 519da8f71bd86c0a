import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { GatewayResponse } from "./answer.ts";

/**
 * Requests that may wait on one connection for those before them. Nobody who pipelines sends more
 * at once, and one read of 64 KB can hold 2,500, of 3 KB each once they are parsed.
 */
const WAITING_MAX = 64;

/** Requests that came before the one ahead of them on their connection was answered. */
export class Pipelines {
  readonly #waiting = new WeakMap<Socket, Waiting>();

  /** Calls `onTurn` when everything ahead is answered; never when the connection closes first. */
  wait(
    request: IncomingMessage,
    response: GatewayResponse,
    onTurn: (isTooMany: boolean) => void,
  ): void {
    const { socket } = request;
    const waiting = this.#waiting.get(socket) ?? { count: 0, isTooMany: false };
    this.#waiting.set(socket, waiting);
    waiting.count += 1;
    if (waiting.count > WAITING_MAX) {
      waiting.isTooMany = true;
      // What it still sends waits on its own side: the connection is closed at the next turn.
      socket.pause();
    }
    response.once("socket", () => {
      waiting.count -= 1;
      onTurn(waiting.isTooMany);
    });
  }
}

interface Waiting {
  count: number;
  isTooMany: boolean;
}
