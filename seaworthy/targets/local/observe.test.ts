import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EndpointStatus } from "@seaworthy/gateway/control";
import type { ProcessIdentity } from "../../record/fault.ts";
import { aGraph, aService } from "../declared.ts";
import type { SeenProcess } from "./identity.ts";
import { observed } from "./observe.ts";
import { emptyState, type InstanceRecord, type SupervisorState } from "./supervisor/state.ts";

const IDENTITY: ProcessIdentity = { pid: 4_000_000, startTicks: "1", bootId: "b" };

describe("an instance is seen as", () => {
  const cases: readonly {
    readonly what: string;
    readonly record?: Partial<InstanceRecord>;
    readonly process?: string;
    readonly health?: EndpointStatus["health"];
    readonly expected: string;
  }[] = [
    {
      what: "ready when the edge's checks pass",
      process: "S",
      health: "healthy",
      expected: "ready",
    },
    {
      what: "starting before it was ready once",
      record: { phase: "starting" },
      process: "S",
      health: "unhealthy",
      expected: "starting",
    },
    {
      what: "unready when the edge's checks fail",
      process: "S",
      health: "unhealthy",
      expected: "unready",
    },
    { what: "unready when no edge vouches for it", process: "S", expected: "unready" },
    {
      what: "frozen when it is stopped, whatever the edge says",
      process: "T",
      health: "healthy",
      expected: "frozen",
    },
    {
      what: "gone when its process is, whatever the edge says",
      health: "healthy",
      expected: "gone",
    },
    {
      what: "backing off between two lives",
      record: { phase: "backing-off" },
      expected: "backing-off",
    },
    {
      what: "stopping when asked to end",
      record: { phase: "stopping" },
      process: "S",
      health: "healthy",
      expected: "stopping",
    },
    {
      what: "starting before its process is known",
      record: { identity: undefined, phase: "starting" },
      expected: "starting",
    },
  ];
  for (const { what, record, process, health, expected } of cases) {
    it(what, () => {
      const seen = observed({
        state: stateWith(record ?? {}),
        gateway: health === undefined ? undefined : gatewayWith(health),
        see: () => (process === undefined ? undefined : processIn(process)),
      });
      assert.equal(seen.units[0]?.instances[0]?.state, expected);
    });
  }
});

it("one that the edge leaves out says why, not what its check said", () => {
  const gateway = gatewayWith("ejected", { reason: "slow", untilWallMs: 1, times: 1 });
  const seen = observed({ state: stateWith({}), gateway, see: () => processIn("S") });
  const [instance] = seen.units[0]?.instances ?? [];
  assert.equal(instance?.state, "unready");
  const because = "left out by the edge: it is far slower than the others";
  assert.equal(instance?.because, because);
  assert.deepEqual(instance?.ejected, { because, times: 1 });
});

describe("one that its health check gave up", () => {
  const seen = (change: Partial<InstanceRecord>, gateway = gatewayWith("healthy")) =>
    observed({ state: stateWith(change), gateway, see: () => processIn("S") }).units[0]
      ?.instances[0];
  const without = { ...gatewayWith("healthy") };
  const endpoints = without.endpoints.map((one) => ({ ...one, routed: false }));

  it("is not ready while the edge does without it, whatever its checks say", () => {
    const instance = seen({ withdrawn: "out", because: "failed its health check" });
    assert.deepEqual([instance?.state, instance?.because], ["unready", "failed its health check"]);
    assert.equal(seen({ withdrawn: "returning" })?.state, "ready");
  });

  it("keeps its place in the routes, so that no plan has anything to do", () => {
    const gateway = { ...without, endpoints };
    assert.equal(seen({ withdrawn: "out" }, gateway)?.routed, true);
    assert.equal(seen({ withdrawn: "returning" }, gateway)?.routed, true);
    assert.equal(seen({ withdrawn: "out", routed: false }, gateway)?.routed, false);
    assert.equal(seen({}, gateway)?.routed, false, "what the edge says counts for all others");
  });
});

describe("the basis", () => {
  const basisWith = (change: Partial<InstanceRecord>): string =>
    observed({ state: stateWith(change), gateway: undefined, see: () => undefined }).basis;

  it("stays when a process is replaced", () => {
    assert.equal(basisWith({ restarts: 4, since: "later", phase: "backing-off" }), basisWith({}));
  });

  it("changes with release and routing", () => {
    assert.notEqual(basisWith({ release: "r2" }), basisWith({}));
    assert.notEqual(basisWith({ routed: false }), basisWith({}));
  });
});

it("nothing exists before something was defined", () => {
  const nothing = { gateway: undefined, see: () => undefined };
  assert.equal(observed({ ...nothing, state: undefined }).exists, false);
  assert.equal(observed({ ...nothing, state: emptyState("o") }).exists, false);
});

function stateWith(change: Partial<InstanceRecord>): SupervisorState {
  const service = aService();
  const record: InstanceRecord = {
    id: "api-1",
    unit: "api",
    release: "r1",
    port: 20_001,
    routed: true,
    weight: 1,
    isolated: undefined,
    phase: "up",
    identity: IDENTITY,
    restarts: 0,
    since: "2026-11-20T10:00:00.000Z",
    spawnedWallMs: 0,
    because: undefined,
    ...change,
  };
  return {
    ...emptyState("o"),
    graph: aGraph([service]),
    units: { api: service },
    instances: { "api-1": record },
  };
}

function processIn(state: string): SeenProcess {
  const { pid } = IDENTITY;
  return { identity: IDENTITY, state, threads: 1, parent: 1, group: pid, session: pid };
}

function gatewayWith(health: EndpointStatus["health"], ejected?: EndpointStatus["ejected"]) {
  const none = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };
  const endpoint: EndpointStatus = {
    id: "api-1",
    pool: "api",
    release: "r1",
    routed: true,
    health,
    ejected,
    lastProbe: undefined,
    requests: 0,
    failed: none,
    begun: none,
    inFlight: none,
    latency: { boundsMs: [Number.POSITIVE_INFINITY], counts: [0] },
    lastRequestWallMs: undefined,
  };
  return {
    generation: 1,
    holderPid: 1,
    workerPid: 1,
    workers: [],
    listeners: [],
    since: "",
    endpoints: [endpoint],
  };
}
