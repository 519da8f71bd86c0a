/** A service that has a secret, and shows a digest of it to whoever asks: never the value. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const digest = createHash("sha256")
  .update(process.env["TOKEN"] ?? "")
  .digest("hex");

const server = createServer((request, response) => {
  response.end(request.url === "/token" ? digest : "ok");
});
server.listen(Number(process.env["PORT"]), process.env["HOST"], () => {
  console.log(`listening as ${process.env["SEAWORTHY_INSTANCE"]}`);
});
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
