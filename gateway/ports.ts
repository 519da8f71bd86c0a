import type { Random } from "@seaworthy/std/random";
import { refuse, type Result } from "@seaworthy/std/result";
import { bindSocket, type BindFailure, type BoundSocket } from "./bound-socket.ts";

/**
 * Where free ports are looked for. Below what Linux (32768) and macOS (49152) hand out to outgoing
 * connections: a port from up there may be in use by a client when it has to be bound again.
 */
const PORT_FIRST = 20_000;
const PORTS = 10_000;
const CHOICES_MAX = 200;

/** Binds a port nobody uses, chosen by chance so that two gateways rarely want the same. */
export function bindFreePort(host: string, random: Random): Result<BoundSocket, BindFailure> {
  for (let choice = 0; choice < CHOICES_MAX; choice += 1) {
    const bound = bindSocket(host, PORT_FIRST + random.below(PORTS));
    if (bound.ok || bound.error.code !== "EADDRINUSE") return bound;
  }
  return refuse({ code: "EADDRINUSE" });
}
