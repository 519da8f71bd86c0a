import { type AddressInfo, type Server, type Socket, createServer } from "node:net";

/**
 * A model server that misbehaves on purpose, on a raw socket: what a real one cannot be told to do.
 */
export interface StandIn {
  readonly url: string;
  /** Request heads seen, one a request. */
  readonly requests: readonly string[];
  readonly connections: number;
  /** Connections that the router has closed. */
  readonly closed: number;
  [Symbol.asyncDispose](): Promise<void>;
}

type Behaviour = (socket: Socket, requestNumber: number) => void;

export async function standIn(behave: Behaviour): Promise<StandIn> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const seen = { connections: 0, closed: 0 };
  const server: Server = createServer((socket) => {
    seen.connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      seen.closed += 1;
      sockets.delete(socket);
    });
    socket.on("data", (chunk) => {
      // Heads and bodies of these tests are small: each request is one chunk.
      requests.push(chunk.toString());
      behave(socket, requests.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    requests,
    get connections() {
      return seen.connections;
    },
    get closed() {
      return seen.closed;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}

export const OK_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
export const STREAM_HEAD =
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
