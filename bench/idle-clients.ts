import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { connect as connectSecure } from "node:tls";

/**
 * Clients that ask once and then keep their connection: `node idle-clients.ts PORT COUNT [FILE]`;
 * with a certificate's file over TLS.
 * Each line on stdin is answered by one with how many are open; the end of stdin ends them all.
 * A process of its own, because its descriptors must not be counted with anybody else's.
 */
const AT_ONCE = 100;
const ANSWER_MS = 30_000;

async function main({ port, count, ca }: Order): Promise<void> {
  const open = new Set<Socket>();
  let begun = 0;
  const work = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      const socket = await asked(port, ca);
      if (socket === undefined) continue;
      open.add(socket);
      socket.on("close", () => open.delete(socket));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  process.stdout.write(`${open.size}\n`);
  const lines = createInterface({ input: process.stdin });
  lines.on("line", () => process.stdout.write(`${open.size}\n`));
  await once(lines, "close");
  for (const socket of open) socket.destroy();
}

/** A connection that had its first answer; undefined: it had none. */
async function asked(port: number, ca: string | undefined): Promise<Socket | undefined> {
  const where = { port, host: "127.0.0.1" };
  const socket = ca === undefined ? connect(where) : connectSecure({ ...where, ca });
  const signal = AbortSignal.timeout(ANSWER_MS);
  socket.on("error", () => {});
  try {
    socket.write("GET / HTTP/1.1\r\nHost: idle\r\n\r\n");
    const [answer] = await once(socket, "data", { signal });
    if (String(answer).startsWith("HTTP/1.1 200")) return socket;
  } catch {
    // Refused, cut or late: it is not among those that are held.
  }
  socket.destroy();
  return undefined;
}

interface Order {
  readonly port: number;
  readonly count: number;
  /** What to trust, as PEM; undefined: HTTP in the clear. */
  readonly ca: string | undefined;
}

if (import.meta.main) {
  const [port, count, file] = process.argv.slice(2);
  const ca = file === undefined ? undefined : readFileSync(file, "utf8");
  await main({ port: Number(port), count: Number(count), ca });
}
