import { chmod, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { present } from "@seaworthy/std/assert";
import { descriptorOf } from "./bound-socket.ts";
import type { ControlReply, ControlRequest } from "./control.ts";
import { parseControlRequest } from "./control-schema.ts";

/** A configuration of some 10,000 endpoints; a longer line is no control request. */
const LINE_CHARS_MAX = 4 * 1024 * 1024;
/** Requests one connection may have open; a driver needs two or three. */
const OPEN_MAX = 64;

export type Answer = (request: ControlRequest) => Promise<ControlReply>;

class ControlSocketTaken extends Error {
  override readonly name = "ControlSocketTaken";
}

/** The control socket: one JSON document a line, each answered by one; answers may overtake. */
export class ControlServer implements AsyncDisposable {
  readonly path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** Rejects with `ControlSocketTaken` where another gateway answers at this path. */
  static async open(path: string, answer: Answer): Promise<ControlServer> {
    if (await isAnswered(path)) {
      throw new ControlSocketTaken(`another gateway answers on ${path}`);
    }
    await rm(path, { force: true });
    const server = new ControlServer(path, answer);
    await server.#listen(path);
    // The process's umask made it private already; this is for systems that ignore it on sockets.
    await chmod(path, 0o600);
    return server;
  }

  /** Answers on a socket that somebody else bound to this path: what waits on it is not lost. */
  static async inherit(path: string, descriptor: number, answer: Answer): Promise<ControlServer> {
    const server = new ControlServer(path, answer);
    await server.#listen({ fd: descriptor });
    return server;
  }

  private constructor(path: string, answer: Answer) {
    this.path = path;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      serve(socket, answer);
    });
  }

  /** For those who are to hold the path when this process does not any more. */
  get descriptor(): number {
    return present(descriptorOf(this.#server), "the descriptor of the control socket");
  }

  async #listen(where: string | { readonly fd: number }): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(where, resolve);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.path, { force: true });
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

function serve(socket: Socket, answer: Answer): void {
  let rest = "";
  let open = 0;
  socket.setEncoding("utf8");
  socket.on("error", () => socket.destroy());
  const reply = (what: ControlReply): void => {
    if (socket.writable) socket.write(`${JSON.stringify(what)}\n`);
  };
  const take = async (line: string): Promise<void> => {
    const request = parseControlRequest(line);
    if (!request.ok) {
      reply({ id: request.error.id, ok: false, error: request.error.message });
      return;
    }
    if (open >= OPEN_MAX) {
      reply({ id: request.value.id, ok: false, error: `more than ${OPEN_MAX} requests are open` });
      return;
    }
    open += 1;
    reply(await answer(request.value));
    open -= 1;
  };
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") void take(line);
    if (rest.length > LINE_CHARS_MAX) socket.destroy();
  });
}
