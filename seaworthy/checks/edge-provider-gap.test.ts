import assert from "node:assert/strict";
import { test } from "node:test";
import { checked } from "./example.fixture.ts";

const gaps = (edge: object) =>
  checked({
    name: "shop",
    services: { api: { run: { build: "./api", command: ["node", "main.ts"] }, replicas: 2 } },
    edge: { routes: { "/": { to: "api", timeout: "5s", tryTimeout: "5s", idle: "5s" } }, ...edge },
  })
    .filter(({ rule }) => rule === "edge-provider-gap")
    .map(({ severity, places }) => `${severity} ${places[0]?.path}`);

test("the gateway has no gap", () => {
  assert.deepEqual(gaps({ limits: { rate: "30/h", connectionsPerClient: 3 } }), []);
});

test("what nobody declared is a note, what somebody did a warning", () => {
  assert.deepEqual(gaps({ provider: "haproxy" }), ["note edge.limits.body"]);
  assert.deepEqual(gaps({ provider: "haproxy", limits: { body: "1KiB" } }), [
    "warning edge.limits.body",
  ]);
  assert.deepEqual(gaps({ provider: "haproxy", routes: { "/": "api" } }), [
    'note edge.routes["/"].idle',
    "note edge.limits.body",
  ]);
  assert.deepEqual(
    gaps({ provider: "haproxy", routes: { "/": { to: "api", idle: "9s" } } })[0],
    ['warning edge.routes["/"].idle'][0],
  );
});

test("a rate that nginx would serve otherwise is an error, one that it knows is none", () => {
  const rated = (rate: string) => gaps({ provider: "nginx", limits: { rate } });
  assert.ok(rated("1000/h").includes("error edge.limits.rate"));
  assert.ok(rated("30/h").includes("error edge.limits.rate"));
  for (const rate of ["100/min", "5/s", "60/h"]) {
    assert.ok(!rated(rate).some((gap) => gap.startsWith("error")), rate);
  }
});

test("a header that nginx cannot read is an error", () => {
  const hashed = (name: string) =>
    gaps({
      provider: "nginx",
      routes: { "/": { to: "api", balance: "consistent-hash", hashBy: `header:${name}` } },
    });
  assert.ok(hashed("x!user").some((gap) => gap.startsWith('error edge.routes["/"].hashBy')));
  assert.ok(!hashed("x-user_id").some((gap) => gap.startsWith("error")));
});

test("nginx says that it asks no instance, and what it does not count", () => {
  assert.deepEqual(gaps({ provider: "nginx", limits: { connectionsPerClient: 3 } }), [
    "warning edge.limits.connectionsPerClient",
    "warning edge.provider",
  ]);
});
