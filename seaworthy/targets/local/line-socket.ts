import { connect, type Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";

/** A line longer than this is no message of ours: the largest is a graph with its files. */
const LINE_BYTES_MAX = 16 * 1_048_576;

/** One JSON document a line over a socket. */
export interface LineSocket {
  /** False when the socket is closed already. */
  send(message: unknown): boolean;
  close(): void;
  /** Resolves when nothing can come any more, whoever ended it. */
  readonly closed: Promise<void>;
}

/** Reads lines until the socket ends; a line that is no JSON ends it. */
export function lineSocket(socket: Socket, onMessage: (message: unknown) => void): LineSocket {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  socket.on("data", (chunk: Buffer) => {
    rest += decoder.write(chunk);
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      const message = parse(line);
      if (message === undefined) {
        socket.destroy();
        return;
      }
      onMessage(message.value);
    }
    if (rest.length > LINE_BYTES_MAX) socket.destroy();
  });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  // Without a listener an error would end the process; `close` follows it and says all we need.
  socket.on("error", () => {});
  return {
    send: (message) => socket.writable && (socket.write(`${JSON.stringify(message)}\n`), true),
    close: () => socket.destroy(),
    closed,
  };
}

/** Undefined when nobody listens there. */
export async function connectTo(path: string, signal?: AbortSignal): Promise<Socket | undefined> {
  signal?.throwIfAborted();
  return await new Promise<Socket | undefined>((resolve, reject) => {
    const socket = connect(path);
    const abort = (): void => {
      socket.destroy();
      reject(signal?.reason);
    };
    const settle = (value: Socket | undefined): void => {
      signal?.removeEventListener("abort", abort);
      resolve(value);
    };
    signal?.addEventListener("abort", abort, { once: true });
    socket.once("connect", () => settle(socket));
    socket.once("error", () => settle(undefined));
  });
}

function parse(line: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(line) };
  } catch {
    return undefined;
  }
}
