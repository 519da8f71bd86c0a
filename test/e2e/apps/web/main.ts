/** A small, well-behaved service: answers with its version after a little work. */
import { createServer } from "node:http";

const version = process.env["VERSION"] ?? "v1";
const workMs = Number(process.env["WORK_MS"] ?? "5");
const bootMs = Number(process.env["BOOT_MS"] ?? "100");
let ready = false;
let stopping = false;

const server = createServer((request, response) => {
  if (request.url === "/health") return void response.end("ok");
  if (request.url === "/ready") {
    response.statusCode = ready && !stopping ? 200 : 503;
    return void response.end(response.statusCode === 200 ? "ready" : "not yet");
  }
  setTimeout(() => response.end(`${version}\n`), workMs);
});
server.keepAliveTimeout = 65_000;
server.listen(Number(process.env["PORT"]), process.env["HOST"], () => {
  setTimeout(() => {
    ready = true;
    console.log(`listening as ${process.env["SEAWORTHY_INSTANCE"]} ${version}`);
  }, bootMs);
});
process.on("SIGTERM", () => {
  stopping = true;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
