/** Serves, and floods its log. */
import { createServer } from "node:http";

createServer((_request, response) => response.end("here")).listen(
  Number(process.env["PORT"]),
  process.env["HOST"],
);
const line = `${"noise ".repeat(160)}\n`;
setInterval(() => {
  for (let i = 0; i < 200; i += 1) process.stdout.write(line);
}, 10);
