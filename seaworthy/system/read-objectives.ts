import { duration, integer, percent } from "./kinds.ts";
import type { Fields } from "./reader.ts";
import type { Objectives } from "./system.ts";

/** A share of nothing can never be shown: *held* needs 3 / limit requests (architecture §13). */
const RATIO_MIN = 1e-7;
const CONNECTIONS_MAX = 1_000_000;

export function readObjectivesField(parent: Fields): Objectives {
  return parent.group({
    name: "objectives",
    means: "What is promised, and what drills measure.",
    expected: '{ availability: "99.9%", latency: { p95 }, errors, connections, recovery }',
    read: (fields) => ({
      availability: fields.maybe({
        name: "availability",
        kind: percent({ min: 0.5 }),
        means: "Share of time, over a month, in which requests are answered.",
      }),
      ...readLatency(fields),
      errorRatio: fields.maybe({
        name: "errors",
        as: "errorRatio",
        kind: percent({ min: RATIO_MIN }),
        means: "Share of requests that may fail, over each drill's window.",
      }),
      connections: fields.maybe({
        name: "connections",
        kind: integer({ min: 1, max: CONNECTIONS_MAX }),
        means: "Client connections that the system holds at a time.",
      }),
      ...readRecovery(fields),
    }),
  });
}

function readLatency(parent: Fields): Pick<Objectives, "latencyP95Ms" | "latencyP99Ms"> {
  const kind = duration({ min: 1 });
  return parent.group({
    name: "latency",
    means: "How long answers may take.",
    expected: '{ p95: "500ms", p99: "1s" }',
    inline: true,
    read: (fields) => ({
      latencyP95Ms: fields.maybe({
        name: "p95",
        as: "latencyP95Ms",
        kind,
        means: "95 of 100 answers come within this.",
      }),
      latencyP99Ms: fields.maybe({
        name: "p99",
        as: "latencyP99Ms",
        kind,
        means: "99 of 100 answers come within this.",
      }),
    }),
  });
}

function readRecovery(parent: Fields): Pick<Objectives, "recoveryTimeMs" | "recoveryPointMs"> {
  return parent.group({
    name: "recovery",
    means: "What may be lost when something breaks.",
    expected: '{ time: "60s", point: "0s" }',
    inline: true,
    read: (fields) => ({
      recoveryTimeMs: fields.maybe({
        name: "time",
        as: "recoveryTimeMs",
        kind: duration({ min: 1 }),
        means: "From the fault until redundancy is back; for a store, until it takes writes.",
      }),
      recoveryPointMs: fields.maybe({
        name: "point",
        as: "recoveryPointMs",
        kind: duration(),
        means: "Acknowledged writes that stores may lose, as time; 0s: none.",
      }),
    }),
  });
}
