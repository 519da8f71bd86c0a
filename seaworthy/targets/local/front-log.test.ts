import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readHaproxyLine, readNginxLine } from "./front-log.ts";

const byPort = readNginxLine((port) => ({ 20_101: "api-1", 20_102: "api-2" })[port]);

/** As nginx 1.22.1 writes it with our format. */
function nginxSaid(change: object): string {
  return JSON.stringify({
    ...{ at: "2026-11-20T15:08:35+00:00", method: "GET", path: "/", status: 200 },
    ...{ seconds: 2.01, endWall: 1_000.5, location: "@api.safe" },
    ...{ tried: "127.0.0.1:20101", statuses: "200", times: "0.010" },
    ...change,
  });
}

describe("a line of nginx's access log", () => {
  it("is one try where one was made", () => {
    assert.deepEqual(byPort(nginxSaid({})), [
      { instance: "api-1", requestClass: "safe", isFailed: false, ms: 10, sentWallMs: 1_000_490 },
    ]);
  });

  it("is as many as were made, and says which of them came to nothing", () => {
    const two = { tried: "127.0.0.1:20101, 127.0.0.1:20102", statuses: "504, 200" };
    const tries = byPort(nginxSaid({ ...two, times: "2.000, 0.010" }));
    assert.deepEqual(
      tries.map(({ instance, isFailed, ms }) => [instance, isFailed, ms]),
      [
        ["api-1", true, undefined],
        ["api-2", false, 10],
      ],
    );
    assert.equal(tries[0]?.sentWallMs, 1_000_500 - 2_010);
  });

  it("counts a 5xx that an instance gave as whole, and as failed", () => {
    const [one] = byPort(nginxSaid({ statuses: "500", location: "@api.2.unsafe-other" }));
    assert.deepEqual([one?.isFailed, one?.ms, one?.requestClass], [true, 10, "unsafe"]);
  });

  it("says nothing where nobody was asked, or where it is none", () => {
    for (const line of [nginxSaid({ tried: "", statuses: "", times: "" }), "{", "x", "", "{}"]) {
      assert.deepEqual(byPort(line), [], line);
    }
    assert.equal(byPort(nginxSaid({ tried: "127.0.0.1:9" }))[0]?.instance, undefined);
  });
});

describe("a line of HAProxy's log", () => {
  const said = (change: object): string =>
    JSON.stringify({
      head: 20,
      body: 5,
      backend: "api.2.idempotent",
      instance: "api-1",
      ...change,
    });

  it("is the try that was answered, with its class", () => {
    const [one] = readHaproxyLine(said({}));
    assert.deepEqual([one?.instance, one?.requestClass, one?.ms], ["api-1", "idempotent", 25]);
  });

  it("has no latency where there was no whole answer, and no instance where none was asked", () => {
    assert.equal(readHaproxyLine(said({ head: -1 }))[0]?.ms, undefined);
    assert.deepEqual(readHaproxyLine(said({ instance: "<NOSRV>" })), []);
    assert.deepEqual(readHaproxyLine("Server api.safe/api-1 is UP/READY"), []);
  });
});
