import { createServer, type Server, type Socket } from "node:net";

/** A request as it came over the wire to the service, read by none of our own parsers. */
export interface Recorded {
  readonly line: string;
  /** Lower-case names; several of one name stay several. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/**
 * A service that trusts nobody: it reads what the gateway sends byte by byte by the grammar of RFC
 * 9112 alone, so that a request smuggled inside of another would be read as one. `/health` is
 * answered and not kept.
 */
export class Recorder implements AsyncDisposable {
  readonly requests: Recorded[] = [];
  /** Requests that were begun and never ended. */
  readonly unfinished: string[] = [];
  /** What is no request by the grammar. */
  readonly nonsense: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(): Promise<Recorder> {
    const recorder = new Recorder();
    await new Promise<void>((resolve) => recorder.#server.listen(0, "127.0.0.1", resolve));
    return recorder;
  }

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let bytes = "";
    socket.setEncoding("latin1");
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#sockets.delete(socket);
      if (bytes !== "") this.unfinished.push(bytes);
    });
    socket.on("data", (chunk: string) => {
      bytes += chunk;
      for (let read = readRequest(bytes); read !== undefined; read = readRequest(bytes)) {
        if (typeof read === "string") {
          this.nonsense.push(`${read}: ${JSON.stringify(bytes.slice(0, 300))}`);
          bytes = "";
          socket.destroy();
          return;
        }
        bytes = bytes.slice(read.length);
        this.#answer(socket, read.request);
      }
    });
  }

  #answer(socket: Socket, request: Recorded): void {
    if (!request.line.startsWith("GET /health ")) this.requests.push(request);
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  }
}

interface Read {
  readonly request: Recorded;
  /** Bytes of it on the wire. */
  readonly length: number;
}

const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e\x80-\xff]+ HTTP\/1\.1$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;

/** The first request of these bytes; undefined: not whole yet; a text: why it is none. */
function readRequest(bytes: string): Read | string | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [line = "", ...fields] = bytes.slice(0, end).split("\r\n");
  if (!REQUEST_LINE.test(line)) return "no request line";
  const headers: (readonly [string, string])[] = [];
  for (const field of fields) {
    const [, name, value] = FIELD_LINE.exec(field) ?? [];
    if (name === undefined || value === undefined) return `no field line (${field})`;
    headers.push([name.toLowerCase(), value]);
  }
  const lengths = headers.filter(([name]) => name === "content-length");
  const codings = headers.filter(([name]) => name === "transfer-encoding");
  if (lengths.length + codings.length > 1) return "two lengths";
  const start = end + 4;
  if (codings.length === 1) return readChunks(bytes, start, { line, headers });
  const length = lengths[0]?.[1] ?? "0";
  if (!/^\d{1,15}$/.test(length)) return `no length (${length})`;
  const stop = start + Number(length);
  if (bytes.length < stop) return undefined;
  return { request: { line, headers, body: bytes.slice(start, stop) }, length: stop };
}

function readChunks(
  bytes: string,
  start: number,
  head: Omit<Recorded, "body">,
): Read | string | undefined {
  let body = "";
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const size = bytes.slice(at, lineEnd);
    if (!/^[0-9A-Fa-f]{1,8}$/.test(size)) return `no chunk size (${size})`;
    const length = Number.parseInt(size, 16);
    const stop = lineEnd + 2 + length;
    if (bytes.length < stop + 2) return undefined;
    if (bytes.slice(stop, stop + 2) !== "\r\n") return "a chunk that does not end, or a trailer";
    if (length === 0) return { request: { ...head, body }, length: stop + 2 };
    body += bytes.slice(lineEnd + 2, stop);
    at = stop + 2;
  }
}
