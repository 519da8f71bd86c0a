import { assertNever } from "@seaworthy/std/assert";
import type { InstanceId } from "../../../record/step.ts";
import { LOOPBACK } from "../../../renderers/edge-parts.ts";
import type { Server } from "../../../renderers/haproxy/backends.ts";
import type { RunningServer } from "../haproxy-control.ts";

export interface ServerChange {
  /** Of the runtime API (management guide 2.6, §9.3), in the order in which they are given. */
  readonly commands: readonly string[];
  /** False: it only clears away what nothing is sent to any more. */
  readonly isNeeded: boolean;
}

/**
 * What makes the servers of a running worker those that are wanted. An instance that is not to get
 * new requests drains; one that is gone is removed as soon as no connection to it is left.
 */
export function serverChanges(
  wanted: ReadonlyMap<string, readonly Server[]>,
  alive: ReadonlySet<InstanceId>,
  running: readonly RunningServer[],
): readonly ServerChange[] {
  const changes: ServerChange[] = [];
  for (const [backend, servers] of wanted) {
    for (const server of servers) {
      const now = running.find((one) => one.backend === backend && one.name === server.name);
      const path = `${backend}/${server.name}`;
      const commands = now === undefined ? added(path, server) : changed(path, server, now);
      if (commands.length > 0) changes.push({ commands, isNeeded: true });
    }
  }
  for (const one of running) {
    const isWanted = wanted.get(one.backend)?.some(({ name }) => name === one.name) === true;
    if (!isWanted) changes.push(...withdrawn(one, alive.has(one.name)));
  }
  return changes;
}

function added(path: string, { args }: Server): readonly string[] {
  // Neither is on by itself in a server that is added.
  return [`add server ${path} ${args}`, `enable health ${path}`, `enable server ${path}`];
}

function changed(path: string, server: Server, now: RunningServer): readonly string[] {
  return [
    ...(now.port === server.port
      ? []
      : [`set server ${path} addr ${LOOPBACK} port ${server.port}`]),
    ...(now.weight === server.weight ? [] : [`set server ${path} weight ${server.weight}`]),
    ...(now.admin === "ready" ? [] : [`set server ${path} state ready`]),
  ];
}

function withdrawn(server: RunningServer, isAlive: boolean): readonly ServerChange[] {
  const path = `${server.backend}/${server.name}`;
  const drain = { commands: [`set server ${path} state drain`], isNeeded: true };
  const remove = (isNeeded: boolean): ServerChange => ({
    commands: [`set server ${path} state maint`, `del server ${path}`],
    isNeeded,
  });
  switch (server.admin) {
    case "ready":
      return [isAlive ? drain : remove(true)];
    case "drain":
      return isAlive ? [] : [remove(false)];
    case "maintenance":
      return isAlive ? [] : [remove(false)];
    default:
      return assertNever(server.admin);
  }
}
