/** Serves, and ignores SIGTERM. */
import { createServer } from "node:http";

process.on("SIGTERM", () => console.log("SIGTERM ignored"));
createServer((_request, response) => response.end("here")).listen(
  Number(process.env["PORT"]),
  process.env["HOST"],
);
