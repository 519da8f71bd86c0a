/**
 * What `bench rollout` rolls: 20 ms of work for each request, ready one second after its start.
 * Until then it accepts connections and says 503, as many real services do.
 */
import { createServer } from "node:http";

const WORK_MS = 20;
const BOOT_MS = 1_000;

const version = process.env["VERSION"] ?? "none";
let ready = false;

const server = createServer((request, response) => {
  request.resume();
  if (request.url === "/health") return void response.end("ok\n");
  if (request.url === "/ready" || !ready) {
    response.statusCode = ready ? 200 : 503;
    return void response.end(ready ? "ready\n" : "not yet\n");
  }
  setTimeout(() => response.end(`${version}\n`), WORK_MS);
});
// Longer than the edge keeps its own: the side that sends must be the one that closes first.
server.keepAliveTimeout = 65_000;
server.listen(Number(process.env["PORT"]), process.env["HOST"], () => {
  setTimeout(() => (ready = true), BOOT_MS);
});
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
