import { constants } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { Socket } from "node:net";
import { basename } from "node:path";
import { assert } from "@seaworthy/std/assert";
import type { Fuse } from "./fuse.ts";

/** What a supervisor asks of the edge; looks at it are no change. */
const EDGE_ORDER = /^\{"id":\d+,"op":"(apply|drain-endpoint|handover)"/;

/**
 * Makes the calls mortal by which this process changes anything outside of it: files and folders
 * that get or lose their name, records that are opened for an entry, processes started and
 * signalled, orders to the edge. The modules that make these calls know nothing of it.
 */
export function makeCallsMortal(fuse: Fuse): void {
  const files = process.getBuiltinModule("node:fs/promises");
  const { open } = files;
  later(files, fuse);
  Object.assign(files, {
    open: async (...args: Parameters<typeof open>) => {
      const [path, flags] = args;
      const appends = typeof flags === "number" && (flags & constants.O_APPEND) !== 0;
      const effect = (): ReturnType<typeof open> => Reflect.apply(open, files, args);
      const reaper = appends ? fuse.reaper() : undefined;
      return await (reaper?.around(`append ${basename(String(path))}`, effect) ?? effect());
    },
  });
  const children = process.getBuiltinModule("node:child_process");
  const { spawn } = children;
  Object.assign(children, {
    spawn: (...args: readonly unknown[]) => {
      const effect = (): unknown => Reflect.apply(spawn, children, args);
      const reaper = fuse.reaper();
      return reaper === undefined ? effect() : reaper.now(`spawn ${spawned(args)}`, effect);
    },
  });
  signals(fuse);
  orders(fuse);
  syncBuiltinESMExports();
}

type Files = typeof import("node:fs/promises");

/** Calls that make or remove something with a name, and which of their arguments that is. */
export const NAMED = {
  ...{ rename: 1, rm: 0, mkdir: 0, rmdir: 0, symlink: 1, link: 1 },
  ...{ copyFile: 1, writeFile: 0, chmod: 0 },
} as const satisfies Partial<Record<keyof Files, number>>;

function later(files: Files, fuse: Fuse): void {
  const mortal = Object.entries(NAMED).map(([name, position]) => {
    const call: unknown = Reflect.get(files, name);
    assert(typeof call === "function", `node:fs/promises has ${name}`);
    return [
      name,
      async (...args: readonly unknown[]): Promise<unknown> => {
        const about = basename(String(args[position]));
        const effect = async (): Promise<unknown> => await Reflect.apply(call, files, args);
        return await (fuse.reaper()?.around(`${name} ${about}`, effect) ?? effect());
      },
    ];
  });
  Object.assign(files, Object.fromEntries(mortal));
}

function spawned(args: readonly unknown[]): string {
  const options = args.at(-1);
  const isObject = typeof options === "object" && options !== null && "env" in options;
  const { env } = isObject ? options : { env: undefined };
  const hasMark = typeof env === "object" && env !== null && "SEAWORTHY_INSTANCE" in env;
  return hasMark ? String(env.SEAWORTHY_INSTANCE) : basename(String(args[0]));
}

function signals(fuse: Fuse): void {
  const { kill } = process;
  process.kill = (pid, signal) => {
    const effect = (): true => Reflect.apply(kill, process, [pid, signal]);
    // Signal 0 only asks; and the one that a reaper sends is the last.
    if (signal === 0 || pid === process.pid) return effect();
    return fuse.reaper()?.now(`kill ${String(signal)}`, effect) ?? effect();
  };
}

function orders(fuse: Fuse): void {
  const { write } = Socket.prototype;
  Object.assign(Socket.prototype, {
    write(this: Socket, ...args: readonly unknown[]) {
      const effect = (): boolean => Reflect.apply(write, this, args);
      const order = EDGE_ORDER.exec(String(args[0]))?.[1];
      const reaper = order === undefined ? undefined : fuse.reaper();
      return reaper === undefined ? effect() : reaper.now(`edge ${order}`, effect);
    },
  });
}
