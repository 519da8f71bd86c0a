import { createServer } from "node:http";
import { Pool, type Dispatcher } from "undici";

/**
 * The control lane of bench/gateway.ts: the least that node:http and undici need to pass a request
 * on. No ids, deadlines, retries, checks, counters or log; headers go through as they are.
 * `node gateway-bare.ts PORT UPSTREAM_PORT`
 */
function main(port: number, upstreamPort: number): void {
  const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { pipelining: 1 });
  const server = createServer((request, response) => {
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(controller, status) {
        response.writeHead(status, passedBack(controller.rawHeaders));
      },
      onResponseData(controller, chunk) {
        if (response.write(chunk)) return;
        controller.pause();
        response.once("drain", () => controller.resume());
      },
      onResponseEnd() {
        response.end();
      },
      onResponseError(_controller, error) {
        response.destroy(error);
      },
    };
    const hasBody = request.headers["content-length"] !== undefined;
    pool.dispatch(
      {
        path: request.url ?? "/",
        method: request.method ?? "GET",
        headers: passedOn(request.rawHeaders),
        body: hasBody ? request : null,
      },
      handler,
    );
  });
  server.listen(port, "127.0.0.1");
}

function passedOn(raw: readonly string[]): string[] {
  const headers: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? "";
    if (name.toLowerCase() !== "connection") headers.push(name, raw[index + 1] ?? "");
  }
  return headers;
}

function passedBack(raw: Dispatcher.DispatchController["rawHeaders"]): string[] {
  const headers: string[] = [];
  if (!Array.isArray(raw)) return headers;
  for (let index = 0; index < raw.length; index += 2) {
    const name = String(raw[index]);
    const isHop = name.toLowerCase() === "connection" || name.toLowerCase() === "transfer-encoding";
    if (!isHop) headers.push(name, String(raw[index + 1]));
  }
  return headers;
}

if (import.meta.main) {
  const [port, upstreamPort] = process.argv.slice(2).map(Number);
  main(port ?? 0, upstreamPort ?? 0);
}
