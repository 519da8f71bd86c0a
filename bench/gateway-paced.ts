import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";

/**
 * Open-loop load over kept-alive connections, cheap enough to pace thousands a second from one
 * core: `node gateway-paced.ts PORT RATE SECONDS` prints one JSON line. Request i is due at
 * start + i / rate, and its latency runs from then; the first fifth warms up and is left out.
 */
const CONNECTIONS = 64;
const REQUEST = "GET /bench HTTP/1.1\r\nHost: bench\r\nAccept: */*\r\n\r\n";

interface Lane {
  readonly socket: Socket;
  dueMs: number;
  seen: string;
}

function main(port: number, rate: number, seconds: number): void {
  const total = rate * seconds;
  const warmUp = total / 5;
  const latencies: number[] = [];
  const lags: number[] = [];
  const free: Lane[] = [];
  let sent = 0;
  let answered = 0;
  let broken = 0;
  const startMs = performance.now() + 500;

  const finish = (lane: Lane): void => {
    lane.seen = "";
    answered += 1;
    if (answered > warmUp) latencies.push(performance.now() - lane.dueMs);
    free.push(lane);
  };
  for (let index = 0; index < CONNECTIONS; index += 1) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const lane: Lane = { socket, dueMs: 0, seen: "" };
    socket.setEncoding("latin1");
    socket.on("connect", () => free.push(lane));
    socket.on("data", (text: string) => {
      lane.seen += text;
      if (isWhole(lane.seen)) finish(lane);
    });
    socket.on("error", () => {
      broken += 1;
    });
  }
  const tick = (): void => {
    const now = performance.now();
    const due = Math.min(total, Math.floor(((now - startMs) / 1_000) * rate));
    while (sent < due) {
      const lane = free.shift();
      if (lane === undefined) break;
      lane.dueMs = startMs + (sent / rate) * 1_000;
      if (sent > warmUp) lags.push(now - lane.dueMs);
      lane.socket.write(REQUEST);
      sent += 1;
    }
    const isOver = answered >= total || now > startMs + (seconds + 10) * 1_000;
    if (isOver) report({ sent, answered, broken, latencies, lags });
    else if (sent < total) setImmediate(tick);
    else setTimeout(tick, 5);
  };
  tick();
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const length = /content-length: (\d+)/i.exec(text)?.[1];
  return text.length - end - 4 >= Number(length ?? 0);
}

interface Outcome {
  readonly sent: number;
  readonly answered: number;
  readonly broken: number;
  readonly latencies: readonly number[];
  readonly lags: readonly number[];
}

function report({ sent, answered, broken, latencies, lags }: Outcome): void {
  const p = (values: readonly number[], q: number): number => {
    const ordered = values.toSorted((a, b) => a - b);
    return ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * q))] ?? 0;
  };
  const p50Ms = p(latencies, 0.5);
  const p99Ms = p(latencies, 0.99);
  const text = JSON.stringify({ sent, answered, broken, p50Ms, p99Ms, lagP99Ms: p(lags, 0.99) });
  process.stdout.write(`${text}\n`, () => process.exit());
}

if (import.meta.main) {
  const [port, rate, seconds] = process.argv.slice(2).map(Number);
  main(port ?? 0, rate ?? 0, seconds ?? 0);
}
