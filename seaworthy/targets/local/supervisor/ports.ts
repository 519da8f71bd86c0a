import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { TargetError } from "../../target.ts";
import { LOOPBACK } from "../edge-config.ts";

/**
 * Below the ephemeral range (Linux: 32768–60999, ip(7) `ip_local_port_range`), so that no
 * outgoing connection of this machine takes a port between two lives of an instance.
 */
const PORT_FIRST = 20_000;
const PORT_COUNT = 10_000;

/**
 * A port nobody listens on and nobody of us was given. Each system begins at a place of its own,
 * so that two of them seldom try the same ones.
 */
export async function choosePort(owner: string, taken: ReadonlySet<number>): Promise<number> {
  const start = createHash("sha256").update(owner).digest().readUInt32BE(0) % PORT_COUNT;
  for (let step = 0; step < PORT_COUNT; step += 1) {
    const port = PORT_FIRST + ((start + step) % PORT_COUNT);
    if (!taken.has(port) && (await isFree(LOOPBACK, port))) return port;
  }
  throw new TargetError("failed", `no free port from ${PORT_FIRST} on`);
}

/** Whether one may listen there now. */
export async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
