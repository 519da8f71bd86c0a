/**
 * What `bench edges` has behind each edge: 20 ms of work, and each write kept in a file before it
 * is acknowledged, so that what was applied twice can be counted.
 */
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";

const WORK_MS = 20;

const { HOST, PORT, SEAWORTHY_INSTANCE, SEAWORTHY_ROOT } = process.env;
const writes = `${SEAWORTHY_ROOT}/var/writes/${SEAWORTHY_INSTANCE}.ndjson`;
const version = process.env["VERSION"] ?? "none";

const server = createServer((request, response) => {
  request.resume();
  if (request.url === "/ready" || request.url === "/health") return void response.end("ok\n");
  const id = request.headers["seaworthy-write"];
  if (typeof id === "string") appendFileSync(writes, `${JSON.stringify({ id, times: 1 })}\n`);
  setTimeout(() => response.end(`${version}\n`), WORK_MS);
});
// Longer than any edge keeps its own: the side that sends must be the one that closes first.
server.keepAliveTimeout = 65_000;
server.listen(Number(PORT), HOST);
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
