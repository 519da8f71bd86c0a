/** Opens `COUNT` connections to `URL` in a process of its own, and says what became of them. */
import { env } from "node:process";
import { systemClock } from "@seaworthy/std/clock";
import { IdleConnections } from "./idle-connections.ts";

const plan = {
  url: String(env["URL"]),
  secure: undefined,
  path: "/",
  count: Number(env["COUNT"]),
  keepAliveMs: 60_000,
  answerMs: 10_000,
};
await using idle = new IdleConnections(plan, systemClock);
await idle.open(AbortSignal.timeout(30_000));
process.stdout.write(JSON.stringify(idle.counts));
