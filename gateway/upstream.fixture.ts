import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { systemClock } from "@seaworthy/std/clock";

/**
 * A service for the tests: `node upstream.fixture.ts LEDGER WORK_MS` prints its port. What is not
 * GET is a write: its `seaworthy-write` goes into the ledger before it is answered.
 */
async function main(ledger: string, workMs: number): Promise<void> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const write = request.headers["seaworthy-write"];
      if (request.method !== "GET") appendFileSync(ledger, `${String(write)}\n`);
      const isHealth = request.url === "/health";
      void systemClock.sleep(isHealth ? 0 : workMs).then(() => response.end(`${process.pid}`));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  process.stdout.write(`${port}\n`);
}

if (import.meta.main) {
  const [ledger = "", workMs = "0"] = process.argv.slice(2);
  await main(ledger, Number(workMs));
}
