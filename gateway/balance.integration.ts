import assert from "node:assert/strict";
import { Agent } from "node:http";
import { test } from "node:test";
import type { RouteConfig } from "./config.ts";
import {
  aConfig,
  eventually,
  send,
  TestGateway,
  upstream,
  type ConfigParts,
  type Question,
  type Upstream,
} from "./rig.fixture.ts";

/** Instances in this process that answer with their name, and can be made to fail checks. */
class Fleet implements AsyncDisposable {
  readonly upstreams: readonly Upstream[];
  readonly ids: readonly string[];
  readonly sick: Set<string>;

  static async start(count: number): Promise<Fleet> {
    const sick = new Set<string>();
    const ids = Array.from({ length: count }, (_, index) => `app-${index}`);
    const upstreams = await Promise.all(
      ids.map((id) =>
        upstream((incoming, response) => {
          const isSick = incoming.url === "/ready" && sick.has(id);
          if (incoming.url === "/hold") return;
          response.writeHead(isSick ? 503 : 200).end(id);
        }),
      ),
    );
    return new Fleet(upstreams, ids, sick);
  }

  private constructor(upstreams: readonly Upstream[], ids: readonly string[], sick: Set<string>) {
    this.upstreams = upstreams;
    this.ids = ids;
    this.sick = sick;
  }

  endpoints(weights: readonly number[] = []): ConfigParts["endpoints"] {
    return this.ids.map((id, index) => ({
      id,
      port: this.upstreams[index]!.port,
      weight: weights[index] ?? 1,
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.upstreams) await one[Symbol.asyncDispose]();
  }
}

const READY = { path: "/ready" };

async function tally(port: number, count: number): Promise<Record<string, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const answers = await Promise.all(Array.from({ length: count }, () => send(port, { agent })));
  agent.destroy();
  const taken: Record<string, number> = {};
  for (const { body, status } of answers) {
    assert.equal(status, 200);
    taken[body] = (taken[body] ?? 0) + 1;
  }
  return taken;
}

test("round robin: a canary's 5 % of 400 requests is 20, and weight 0 takes none", async () => {
  await using gateway = await TestGateway.start();
  await using fleet = await Fleet.start(4);
  const canary = [0.05, 0.95 / 3, 0.95 / 3, 0.95 / 3];
  await gateway.apply(aConfig({ endpoints: fleet.endpoints(canary), check: READY }));
  await gateway.untilHealthy(...fleet.ids);
  const port = await gateway.port("public");
  const first = await tally(port, 400);
  for (const [index, weight] of canary.entries()) {
    const taken = first[`app-${index}`] ?? 0;
    assert.ok(Math.abs(taken - 400 * weight) <= 1, JSON.stringify(first));
  }
  // The canary alone is left: its weight is small and it gets all.
  const off = [0.05, 0, 0, 0];
  await gateway.apply(aConfig({ generation: 2, endpoints: fleet.endpoints(off), check: READY }));
  assert.deepEqual(await tally(port, 20), { "app-0": 20 });
  const none = [0, 0, 0, 0];
  await gateway.apply(aConfig({ generation: 3, endpoints: fleet.endpoints(none), check: READY }));
  assert.equal((await send(port)).status, 503);
});

test("least connections: what is kept open is spread by weight", async () => {
  await using gateway = await TestGateway.start();
  await using fleet = await Fleet.start(2);
  const route = { balance: "least-connections", timeoutMs: 60_000, tryTimeoutMs: 60_000 } as const;
  await gateway.apply(aConfig({ endpoints: fleet.endpoints([1, 3]), route, check: READY }));
  await gateway.untilHealthy(...fleet.ids);
  const port = await gateway.port("public");
  const agent = new Agent({ keepAlive: false });
  const held = Array.from({ length: 40 }, () => send(port, { path: "/hold", agent }));
  for (const one of held) one.catch(() => {});
  await eventually("10 and 30 in flight", async () => {
    const { endpoints } = await gateway.status();
    const open = endpoints.map((one) => one.inFlight.safe);
    return open[0] === 10 && open[1] === 30 ? true : undefined;
  });
  agent.destroy();
});

const CUSTOMERS = Array.from({ length: 240 }, (_, index) => `customer-${index}`);

async function placesOf(
  port: number,
  question: (customer: string) => Question,
): Promise<ReadonlyMap<string, string>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const places = await Promise.all(
    CUSTOMERS.map(async (customer): Promise<[string, string]> => {
      const { body, status } = await send(port, { ...question(customer), agent });
      assert.equal(status, 200);
      return [customer, body];
    }),
  );
  agent.destroy();
  return new Map(places);
}

function movedBetween(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  return CUSTOMERS.filter((customer) => before.get(customer) !== after.get(customer));
}

const byHeader = (customer: string): Question => ({ headers: { "X-Customer": customer } });
const HASHED = {
  balance: "consistent-hash",
  hashBy: { by: "header", name: "x-customer" },
} as const satisfies Partial<RouteConfig>;

test("consistent hash: only the keys of one that leaves move; they come back with it", async () => {
  await using gateway = await TestGateway.start();
  await using fleet = await Fleet.start(4);
  const endpoints = fleet.endpoints();
  await gateway.apply(aConfig({ endpoints, route: HASHED, check: READY }));
  await gateway.untilHealthy(...fleet.ids);
  const port = await gateway.port("public");
  const before = await placesOf(port, byHeader);
  assert.equal(new Set(before.values()).size, 4);
  assert.deepEqual(movedBetween(before, await placesOf(port, byHeader)), []);

  const without = endpoints.map((one) => ({ ...one, routed: one.id !== "app-2" }));
  await gateway.apply(aConfig({ generation: 2, endpoints: without, route: HASHED, check: READY }));
  const during = await placesOf(port, byHeader);
  const moved = movedBetween(before, during);
  assert.ok(moved.every((customer) => before.get(customer) === "app-2"));
  assert.ok(moved.length > 0 && moved.length <= 240 / 4 + 30, `${moved.length} of 240 moved`);
  assert.equal(new Set(moved.map((customer) => during.get(customer))).size, 3, "all to one");

  await gateway.apply(aConfig({ generation: 3, endpoints, route: HASHED, check: READY }));
  assert.deepEqual(movedBetween(before, await placesOf(port, byHeader)), []);
  // Another worker, another process: the places are the same.
  assert.ok((await gateway.ask({ op: "handover", drainMs: 100 })).ok);
  assert.deepEqual(movedBetween(before, await placesOf(port, byHeader)), []);
});

test("consistent hash: an unhealthy one's keys are with the others until it is well", async () => {
  await using gateway = await TestGateway.start();
  await using fleet = await Fleet.start(3);
  await gateway.apply(aConfig({ endpoints: fleet.endpoints(), route: HASHED, check: READY }));
  await gateway.untilHealthy(...fleet.ids);
  const port = await gateway.port("public");
  const before = await placesOf(port, byHeader);
  fleet.sick.add("app-1");
  await eventually("it to be out", async () =>
    (await gateway.status()).endpoints[1]?.health === "unhealthy" ? true : undefined,
  );
  const during = await placesOf(port, byHeader);
  const moved = movedBetween(before, during);
  assert.ok(moved.length > 0);
  assert.ok(moved.every((customer) => before.get(customer) === "app-1"));
  assert.equal(new Set(moved.map((customer) => during.get(customer))).size, 2);
  fleet.sick.delete("app-1");
  await gateway.untilHealthy("app-1");
  assert.deepEqual(movedBetween(before, await placesOf(port, byHeader)), []);
});

test("consistent hash: by cookie, by path; without a key, by the client's address", async () => {
  await using gateway = await TestGateway.start();
  await using fleet = await Fleet.start(4);
  let generation = 0;
  const route = async (hashBy: RouteConfig["hashBy"]): Promise<number> => {
    generation += 1;
    const balanced = { balance: "consistent-hash", hashBy } as const;
    const endpoints = fleet.endpoints();
    await gateway.apply(aConfig({ generation, endpoints, route: balanced, check: READY }));
    await gateway.untilHealthy(...fleet.ids);
    return await gateway.port("public");
  };
  const distinct = (places: ReadonlyMap<string, string>): number => new Set(places.values()).size;

  const port = await route({ by: "cookie", name: "session" });
  const byCookie = (others: string) => (customer: string) => ({
    headers: { cookie: `${others}session=${customer}; theme=dark` },
  });
  const cookies = await placesOf(port, byCookie(""));
  assert.equal(distinct(cookies), 4);
  assert.deepEqual(movedBetween(cookies, await placesOf(port, byCookie("mysession=x; "))), []);
  const empty = await placesOf(port, () => ({ headers: { cookie: "session=" } }));
  assert.equal(distinct(empty), 1, "no key: one client, one place");

  await route({ by: "path" });
  const byPath = (query: string) => (customer: string) => ({ path: `/of/${customer}${query}` });
  const paths = await placesOf(port, byPath(""));
  assert.equal(distinct(paths), 4);
  assert.deepEqual(movedBetween(paths, await placesOf(port, byPath("?page=2"))), []);

  await route({ by: "header", name: "x-customer" });
  const clientPlace = distinct(await placesOf(port, () => ({})));
  assert.equal(clientPlace, 1);
  for (const hashBy of [undefined, { by: "client" } as const]) {
    await route(hashBy);
    assert.deepEqual(
      [...new Set((await placesOf(port, byHeader)).values())],
      [...new Set(empty.values())],
    );
  }
});
