import { createServer, type Server } from "node:net";

/** Held while the process lives: the kernel lets go of it, however the process ends. */
export interface Lock extends AsyncDisposable {}

/**
 * Takes the name for this process, or says that another one has it (undefined). A socket in
 * Linux's abstract namespace (unix(7)): exclusive, and with no stale file to be argued about.
 */
export async function takeLock(name: string): Promise<Lock | undefined> {
  const server = createServer((socket) => socket.destroy());
  const taken = await listening(server, `\0seaworthy-${name}`);
  if (!taken) return undefined;
  // Referenced on purpose: a watchdog only waits for its child, and must not end while it does.
  return {
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function listening(server: Server, path: string): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    server.once("listening", () => resolve(true));
    server.once("error", (error) => {
      if ("code" in error && error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    });
    server.listen({ path });
  });
}
