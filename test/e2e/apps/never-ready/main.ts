/** Listens, and says 503 for ever. */
import { createServer } from "node:http";

console.log("migrating, please wait");
createServer((_request, response) => {
  response.statusCode = 503;
  response.end("migrating");
}).listen(Number(process.env["PORT"]), process.env["HOST"]);
