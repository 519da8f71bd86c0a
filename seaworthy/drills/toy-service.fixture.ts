/**
 * A service of the planted systems, run as a process of its own. It answers after `WORK_MS`, tells
 * the store of each write that took effect, and drains on SIGTERM unless it is rude.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { env } from "node:process";
import { systemClock } from "@seaworthy/std/clock";

const workMs = Number(env["WORK_MS"]);

function applied(id: string, then: () => void): void {
  const told = request(`${env["STORE"]}/applied/${encodeURIComponent(id)}`, { method: "POST" });
  told.on("response", (response) => response.resume().on("end", then));
  told.end();
}

async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  await systemClock.sleep(workMs);
  const id = incoming.headers["seaworthy-write"];
  if (typeof id === "string") applied(id, () => response.end("applied"));
  else response.end("done");
}

const server = createServer((incoming, response) => {
  if (incoming.url === "/ready") return void response.end("ready");
  incoming.resume();
  incoming.on("end", () => void answer(incoming, response));
});
server.listen(Number(env["PORT"]), "127.0.0.1");
process.on("SIGTERM", () => {
  if (env["RUDE"] === "yes") process.exit(0);
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
