import type { Random } from "@seaworthy/std/random";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { z } from "zod";
import { bindSocket, inheritedSocket, type BoundSocket } from "./bound-socket.ts";
import type { ListenerConfig } from "./config.ts";
import type { InheritedSocket } from "./orders.ts";
import { bindFreePort } from "./ports.ts";

export type Sockets = ReadonlyMap<string, BoundSocket>;

export interface SocketPlan {
  readonly wanted: readonly ListenerConfig[];
  /** Sockets held now; reused where name, host and port still fit. */
  readonly held: Sockets;
  /** Ports that were once chosen for listeners that leave the choice to us. */
  readonly ports: Readonly<Record<string, number>>;
  readonly random: Random;
}

/** Binds what is missing; on a refusal nothing new stays bound. */
export function bindListeners(plan: SocketPlan): Result<Sockets, string> {
  const sockets = new Map<string, BoundSocket>();
  for (const listener of plan.wanted) {
    const held = plan.held.get(listener.name);
    if (held !== undefined && fits(held, listener)) {
      sockets.set(listener.name, held);
      continue;
    }
    const port = listener.port === 0 ? (plan.ports[listener.name] ?? 0) : listener.port;
    const bound =
      port === 0 ? bindFreePort(listener.host, plan.random) : bindSocket(listener.host, port);
    if (!bound.ok) {
      closeAllBut(sockets, plan.held);
      const where = `${listener.host}:${port === 0 ? "any port" : port}`;
      return refuse(`listener ${listener.name} cannot bind ${where}: ${bound.error.code}`);
    }
    sockets.set(listener.name, bound.value);
  }
  return ok(sockets);
}

function fits(held: BoundSocket, listener: ListenerConfig): boolean {
  return held.host === listener.host && (listener.port === 0 || held.port === listener.port);
}

const inheritedSchema: z.ZodType<readonly InheritedSocket[]> = z.array(
  z.object({ name: z.string(), host: z.string(), port: z.int(), descriptor: z.int() }),
);

/** As a worker writes them into the argv of the holder that it starts. Throws on anything else. */
export function readInherited(text: string): readonly InheritedSocket[] {
  return inheritedSchema.parse(JSON.parse(text));
}

export function inheritedSockets(inherited: readonly InheritedSocket[]): Sockets {
  return new Map(inherited.map(({ name, ...socket }) => [name, inheritedSocket(socket)]));
}

/** Closes the sockets of one set that are not in another. */
export function closeAllBut(sockets: Sockets, kept: Sockets): void {
  const keptSockets = new Set(kept.values());
  for (const socket of sockets.values()) if (!keptSockets.has(socket)) socket.close();
}

export function sameSockets(one: Sockets, other: Sockets): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([name, socket]) => other.get(name) === socket);
}

export function portsOf(sockets: Sockets): Record<string, number> {
  return Object.fromEntries([...sockets].map(([name, socket]) => [name, socket.port]));
}
