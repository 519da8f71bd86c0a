/**
 * A service that shows what reached it: its answers tell the method, the headers and the body, and
 * `/sse`, `/upgrade` and `/exit` do what their names say. Signals are counted and printed.
 */
import { createServer } from "node:http";
import { systemClock } from "@seaworthy/std/clock";

const { HOST, PORT } = process.env;

const server = createServer((request, response) => {
  const path = request.url ?? "/";
  if (path === "/exit") process.exit(3);
  if (path === "/kill") process.kill(process.pid, "SIGKILL");
  if (path === "/sse") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: first\n\n");
    void systemClock.sleep(300).then(() => response.end("data: last\n\n"));
    return;
  }
  const body: Buffer[] = [];
  request.on("data", (chunk: Buffer) => body.push(chunk));
  request.on("end", () => {
    response.setHeader("set-cookie", ["a=1", "b=2"]);
    const { method, rawHeaders } = request;
    const bytes = Buffer.concat(body).length;
    response.end(JSON.stringify({ method, path, rawHeaders, bytes, port: PORT }));
  });
});
server.on("upgrade", (_request, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: echo\r\nconnection: upgrade\r\n\r\n");
  socket.pipe(socket);
});
let heard = 0;
process.on("SIGTERM", () => {
  heard += 1;
  console.log(`heard ${heard} SIGTERM`);
  // Time for a second one, which must not come.
  void systemClock.sleep(300).then(() => process.exit(heard === 1 ? 7 : 8));
});
server.listen(Number(PORT), HOST, () => console.log("listening"));
