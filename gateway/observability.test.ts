import assert from "node:assert/strict";
import { test } from "node:test";
import { Endpoint } from "./endpoint.ts";
import { Histogram, LATENCY_BOUNDS_MS } from "./histogram.ts";
import { metricsText } from "./metrics.ts";
import { Stamp } from "./stamp.ts";
import { systemClock } from "@seaworthy/std/clock";
import { Traffic } from "./traffic.ts";

const NO_CLIENT_LIMITS = { connectionsPerClient: undefined, rate: undefined };

test("a latency is counted in the first bucket that holds it", () => {
  const histogram = new Histogram();
  for (const ms of [0, 0.5, 0.51, 9.99, 10, 10.01, 60_000, 60_001]) histogram.record(ms);
  const at = (bound: number): number => histogram.counts[LATENCY_BOUNDS_MS.indexOf(bound)]!;
  assert.deepEqual([at(0.5), at(1), at(10), at(15), at(60_000)], [2, 1, 2, 1, 1]);
  assert.equal(histogram.counts.at(-1), 1);
  assert.deepEqual(
    LATENCY_BOUNDS_MS,
    LATENCY_BOUNDS_MS.toSorted((a, b) => a - b),
  );
});

test("stamps are RFC 3339 with milliseconds", () => {
  let wall = Date.UTC(2026, 10, 20, 8, 9, 10, 7);
  const stamp = new Stamp({ ...systemClock, wall: () => wall });
  assert.equal(stamp.now(), "2026-11-20T08:09:10.007Z");
  for (const step of [90, 900, 5_000, 0.25]) {
    wall += step;
    assert.equal(stamp.now(), new Date(wall).toISOString());
  }
});

test("metrics are Prometheus text, cumulative and escaped", () => {
  const config = { id: "a1", release: 'r"1', host: "127.0.0.1", port: 1, routed: true, weight: 1 };
  const endpoint = new Endpoint(config, "app", { connectMs: 1, known: undefined });
  endpoint.latency.record(0.7);
  endpoint.latency.record(3);
  endpoint.failed.unsafe += 2;
  const traffic = new Traffic({
    clock: systemClock,
    limits: { ...{ headerBytes: 1, bodyBytes: 1, connections: 1 }, ...NO_CLIENT_LIMITS },
    timeouts: { connectMs: 1, headerMs: 1, bodyMs: 1, keepAliveMs: 1 },
    find: () => undefined,
    idPrefix: "p",
    descriptorLimit: undefined,
    rateSeeds: [1, 2],
  });
  traffic.totals.answered(200);
  traffic.totals.answered(200);
  const connections = [{ listener: "public", open: 3 }];
  const text = metricsText({ traffic, endpoints: [endpoint], connections });
  const labels = 'pool="app",instance="a1",release="r\\"1"';
  const lines = text.split("\n");
  for (const line of [
    'seaworthy_gateway_answers_total{status="200"} 2',
    'seaworthy_gateway_connections{listener="public"} 3',
    `seaworthy_endpoint_failed_total{${labels},class="unsafe"} 2`,
    `seaworthy_endpoint_latency_seconds_bucket{${labels},le="0.0005"} 0`,
    `seaworthy_endpoint_latency_seconds_bucket{${labels},le="0.001"} 1`,
    `seaworthy_endpoint_latency_seconds_bucket{${labels},le="+Inf"} 2`,
    `seaworthy_endpoint_latency_seconds_sum{${labels}} 0.0037`,
    `seaworthy_endpoint_latency_seconds_count{${labels}} 2`,
  ]) {
    assert.ok(lines.includes(line), `${line}\n${text}`);
  }
  const families = lines
    .filter((line) => line.startsWith("# TYPE"))
    .map((line) => line.split(" ")[2]);
  assert.equal(new Set(families).size, families.length, "a family is declared twice");
});
