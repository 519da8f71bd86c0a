import { Agent, request } from "node:http";
import { systemClock } from "@seaworthy/std/clock";

/**
 * Open-loop load: `node load.fixture.ts PORT RATE SECONDS` prints one line of JSON when SECONDS are
 * over or SIGTERM comes, and `open N` for each SIGUSR2: the requests under way then. Every other
 * request comes on a new connection, the rest on kept-alive ones; every third is a POST; nothing is
 * retried.
 */
export interface LoadReport {
  readonly sent: number;
  readonly ok: number;
  readonly refused: number;
  readonly reset: number;
  readonly failed: number;
  readonly newConnections: number;
  readonly keptAlive: number;
  readonly posts: number;
  /** Sent per second, from the first due time to the last send. */
  readonly achievedRate: number;
  readonly errors: Readonly<Record<string, number>>;
}

interface Tally {
  sent: number;
  ok: number;
  refused: number;
  reset: number;
  failed: number;
  newConnections: number;
  keptAlive: number;
  posts: number;
  errors: Record<string, number>;
}

/** Far above what any handover could cost: a busy machine is late, not wrong. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Above what is open at once, so that no request waits in the client. */
const SOCKETS_MAX = 1_000;

async function main(port: number, rate: number, seconds: number): Promise<void> {
  const tally: Tally = {
    sent: 0,
    ok: 0,
    refused: 0,
    reset: 0,
    failed: 0,
    newConnections: 0,
    keptAlive: 0,
    posts: 0,
    errors: {},
  };
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX });
  const open = new Set<Promise<void>>();
  const used = new WeakSet<object>();
  process.on("SIGUSR2", () => process.stdout.write(`open ${open.size}\n`));
  const startMs = systemClock.now();
  let total = rate * seconds;
  process.on("SIGTERM", () => (total = tally.sent));
  while (tally.sent < total) {
    const due = Math.min(total, Math.floor(((systemClock.now() - startMs) / 1_000) * rate) + 1);
    while (tally.sent < due) {
      const one = ask(port, tally.sent % 2 === 0 ? agent : undefined, { tally, used });
      open.add(one);
      void one.then(() => open.delete(one));
      tally.sent += 1;
    }
    await systemClock.sleep(1);
  }
  const achievedRate = (tally.sent / (systemClock.now() - startMs)) * 1_000;
  await Promise.all(open);
  agent.destroy();
  process.stdout.write(`${JSON.stringify({ ...tally, achievedRate } satisfies LoadReport)}\n`);
}

/** One that is sent with its head, and one write of the service. */
const BODY = "x".repeat(300);

interface Books {
  readonly tally: Tally;
  /** Sockets that have carried a request. */
  readonly used: WeakSet<object>;
}

function ask(port: number, agent: Agent | undefined, books: Books): Promise<void> {
  const { tally, used } = books;
  const isPost = tally.sent % 3 === 0;
  if (isPost) tally.posts += 1;
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const method = isPost ? "POST" : "GET";
    const options = { host: "127.0.0.1", port, path: "/", method, agent: agent ?? false, signal };
    const outgoing = request(options, (response) => {
      response.resume();
      response.on("error", (error) => fail(error));
      response.on("end", () => {
        if (response.statusCode === 200) tally.ok += 1;
        else count(`status ${response.statusCode}`, "failed", tally);
        resolve();
      });
    });
    const fail = (error: Error): void => {
      const code = "code" in error ? String(error.code) : error.message;
      const kind = code === "ECONNREFUSED" ? "refused" : code === "ECONNRESET" ? "reset" : "failed";
      count(code, kind, tally);
      resolve();
    };
    outgoing.on("error", fail);
    outgoing.on("socket", (socket) => {
      if (used.has(socket)) tally.keptAlive += 1;
      else tally.newConnections += 1;
      used.add(socket);
    });
    outgoing.end(isPost ? BODY : undefined);
  });
}

function count(what: string, kind: "refused" | "reset" | "failed", tally: Tally): void {
  tally[kind] += 1;
  tally.errors[what] = (tally.errors[what] ?? 0) + 1;
}

if (import.meta.main) {
  const [port, rate, seconds] = process.argv.slice(2).map(Number);
  await main(port ?? 0, rate ?? 0, seconds ?? 0);
}
