import { closeSync } from "node:fs";
import * as net from "node:net";
import { getSystemErrorName } from "node:util";
import { ok, refuse, type Result } from "@seaworthy/std/result";

/** A TCP socket that is bound and never accepts: the holder's half of a listener. */
export interface BoundSocket {
  readonly host: string;
  readonly port: number;
  readonly descriptor: number;
  close(): void;
}

export interface BindFailure {
  /** `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` … */
  readonly code: string;
}

/** The shape of node's TCP handle, as far as it is used here. */
interface TcpHandle {
  readonly fd: number;
  getsockname(out: { port?: number }): number;
  close(): void;
}

/**
 * Binds without listening. Node offers no public way to that: a `net.Server` starts to accept as
 * soon as it listens, so a holder with one would take connections that it cannot serve, and would
 * lose its descriptor by closing it. `net._createServerHandle` is what node:cluster binds with; a
 * worker then listens on the inherited descriptor through the public `listen({ fd })`.
 */
export function bindSocket(host: string, port: number): Result<BoundSocket, BindFailure> {
  const create: unknown = Reflect.get(net, "_createServerHandle");
  if (typeof create !== "function") return refuse({ code: "this Node.js cannot bind only" });
  const family = net.isIPv6(host) ? 6 : 4;
  const made: unknown = Reflect.apply(create, net, [host, port, family]);
  if (typeof made === "number") return refuse({ code: getSystemErrorName(made) });
  if (!isTcpHandle(made)) return refuse({ code: "this Node.js has other handles" });
  const name: { port?: number } = {};
  // libuv keeps EADDRINUSE to itself until somebody asks.
  const error = made.getsockname(name);
  if (error !== 0) {
    made.close();
    return refuse({ code: getSystemErrorName(error) });
  }
  const descriptor = made.fd;
  return ok({ host, port: name.port ?? port, descriptor, close: () => made.close() });
}

/** One that another process bound, as its descriptor was inherited. */
export function inheritedSocket(inherited: Omit<BoundSocket, "close">): BoundSocket {
  return { ...inherited, close: () => closeSync(inherited.descriptor) };
}

/** The descriptor a server listens on; undefined where this Node has other handles. */
export function descriptorOf(server: net.Server): number | undefined {
  const handle: unknown = Reflect.get(server, "_handle");
  if (typeof handle !== "object" || handle === null || !("fd" in handle)) return undefined;
  return typeof handle.fd === "number" && handle.fd >= 0 ? handle.fd : undefined;
}

function isTcpHandle(value: unknown): value is TcpHandle {
  return (
    typeof value === "object" &&
    value !== null &&
    "fd" in value &&
    typeof value.fd === "number" &&
    "getsockname" in value &&
    typeof value.getsockname === "function" &&
    "close" in value &&
    typeof value.close === "function"
  );
}
