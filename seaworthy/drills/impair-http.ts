import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from "node:http";
import { connect, type Socket } from "node:net";
import { pipeline } from "node:stream";
import { join, type Upstream } from "./impair-tcp.ts";

/** What is done with a request instead of passing it on; undefined: it is passed on. */
export type Instead = { readonly status: number; readonly text: string } | undefined;

export interface Front {
  readonly upstream: Upstream;
  /** Asked about each request before anything of it is passed on; may take its time. */
  readonly judge: (path: string) => Promise<Instead>;
  /** Told of each answer that the service itself gave. */
  readonly answered: (path: string, status: number) => void;
}

/** The service's own limit counts; ours only must not be below it. */
const HEADER_BYTES_MAX = 256 * 1024;
/** Longer than an edge keeps an idle connection, so that it is never we who close one in use. */
const KEEP_ALIVE_MS = 75_000;
/** Between two hops (RFC 9110 §7.6.1); `expect` was answered by our own server. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set(["connection", "keep-alive", "expect"]);

/** Stands in front of a service and may answer in its stead; bodies and upgrades are streamed. */
export function frontOf(front: Front): Server {
  const server = createServer(
    // An upload may take as long as the service allows it to.
    { maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 },
    (request, response) => void forward(front, request, response),
  );
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    void upgrade(front, request, { socket, head });
  });
  return server;
}

async function forward(
  front: Front,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? "/";
  const instead = await front.judge(path);
  if (response.destroyed) return;
  if (instead !== undefined) {
    request.resume();
    response.writeHead(instead.status, { "content-type": "text/plain" });
    response.end(`${instead.text}\n`);
    return;
  }
  response.sendDate = false;
  const onward = httpRequest({
    ...front.upstream,
    // A connection each: one that the service closes while it is idle would lose a request.
    agent: false,
    method: request.method,
    path,
    headers: [...endToEnd(request.rawHeaders), "connection", "close"],
    maxHeaderSize: HEADER_BYTES_MAX,
  });
  onward.on("response", (answer) => {
    const status = answer.statusCode ?? 0;
    front.answered(path, status);
    response.writeHead(status, answer.statusMessage, endToEnd(answer.rawHeaders));
    // An answer that breaks off there breaks off here.
    pipeline(answer, response, () => {});
  });
  // Nobody answers: neither do we.
  onward.on("error", () => {
    if (!response.headersSent) response.destroy();
  });
  response.on("close", () => onward.destroy());
  pipeline(request, onward, () => {});
}

async function upgrade(
  front: Front,
  request: IncomingMessage,
  client: { readonly socket: Socket; readonly head: Buffer },
): Promise<void> {
  const { socket, head } = client;
  socket.on("error", () => socket.destroy());
  const instead = await front.judge(request.url ?? "/");
  if (socket.destroyed) return;
  if (instead !== undefined) {
    const text = `${instead.text}\n`;
    const lines = [`HTTP/1.1 ${instead.status} No`, `content-length: ${Buffer.byteLength(text)}`];
    socket.end(`${lines.join("\r\n")}\r\nconnection: close\r\n\r\n${text}`);
    return;
  }
  const onward = connect(front.upstream);
  onward.write(headOf(request));
  onward.write(head);
  join(socket, onward);
}

/** The request's head as it came; an upgrade is between the client and the service alone. */
function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = pairsOf(rawHeaders).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${url} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}

function endToEnd(rawHeaders: readonly string[]): string[] {
  return pairsOf(rawHeaders)
    .filter(([name]) => !NOT_PASSED_ON.has(name.toLowerCase()))
    .flat();
}

function pairsOf(rawHeaders: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    pairs.push([rawHeaders[at] ?? "", rawHeaders[at + 1] ?? ""]);
  }
  return pairs;
}
