import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Server } from "../../../renderers/haproxy/backends.ts";
import type { RunningServer } from "../haproxy-control.ts";
import { serverChanges } from "./haproxy-servers.ts";

const aServer = (name: string, change: Partial<Server> = {}): Server => ({
  ...{ name, port: 20_001, weight: 256, args: `127.0.0.1:20001 id 1 weight 256 check` },
  ...change,
});
const running = (name: string, change: Partial<RunningServer> = {}): RunningServer => ({
  ...{ backend: "api.safe", name, port: 20_001, weight: 256, admin: "ready" },
  ...change,
});
const commands = (
  wanted: readonly Server[],
  alive: readonly string[],
  now: readonly RunningServer[],
): readonly string[] =>
  serverChanges(new Map([["api.safe", wanted]]), new Set(alive), now).flatMap(
    (one) => one.commands,
  );

describe("the servers of a running HAProxy", () => {
  it("are left alone where they are what is wanted", () => {
    assert.deepEqual(commands([aServer("api-1")], ["api-1"], [running("api-1")]), []);
  });

  it("are added with their checks, which are not on by themselves", () => {
    assert.deepEqual(commands([aServer("api-2")], ["api-2"], []), [
      "add server api.safe/api-2 127.0.0.1:20001 id 1 weight 256 check",
      "enable health api.safe/api-2",
      "enable server api.safe/api-2",
    ]);
  });

  it("drain when their instance lives and is not wanted, and are removed when it is gone", () => {
    const both = [running("api-1"), running("api-2")];
    assert.deepEqual(commands([], ["api-1"], both), [
      "set server api.safe/api-1 state drain",
      "set server api.safe/api-2 state maint",
      "del server api.safe/api-2",
    ]);
  });

  it("come back, follow a new port, and take their weight", () => {
    const now = [running("api-1", { admin: "drain", port: 1, weight: 3 })];
    assert.deepEqual(commands([aServer("api-1")], ["api-1"], now), [
      "set server api.safe/api-1 addr 127.0.0.1 port 20001",
      "set server api.safe/api-1 weight 256",
      "set server api.safe/api-1 state ready",
    ]);
  });

  it("that drain already are not told again, and what is only tidying is said to be", () => {
    assert.deepEqual(commands([], ["api-1"], [running("api-1", { admin: "drain" })]), []);
    const gone = serverChanges(new Map(), new Set(), [running("api-1", { admin: "maintenance" })]);
    assert.deepEqual(
      gone.map(({ isNeeded }) => isNeeded),
      [false],
    );
  });
});
