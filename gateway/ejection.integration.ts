import assert from "node:assert/strict";
import { Agent } from "node:http";
import { test } from "node:test";
import type { EndpointStatus } from "./control.ts";
import {
  aConfig,
  eventually,
  send,
  TestGateway,
  upstream,
  type Answer,
  type ConfigParts,
  type Upstream,
} from "./rig.fixture.ts";

/** How an instance answers what is not its check; its checks always pass. */
interface Manners {
  status?: number;
  delayMs?: (path: string) => number;
}

async function polite(manners: Manners): Promise<Upstream> {
  return upstream((incoming, response) => {
    const answer = (): void => {
      response.writeHead(manners.status ?? 200).end("ok");
    };
    const delayMs = manners.delayMs?.(incoming.url ?? "") ?? 0;
    if (delayMs === 0) answer();
    else setTimeout(answer, delayMs);
  });
}

class Instances implements AsyncDisposable {
  readonly manners: readonly Manners[];
  readonly upstreams: readonly Upstream[];

  static async start(...manners: readonly Manners[]): Promise<Instances> {
    return new Instances(manners, await Promise.all(manners.map(polite)));
  }

  private constructor(manners: readonly Manners[], upstreams: readonly Upstream[]) {
    this.manners = manners;
    this.upstreams = upstreams;
  }

  get endpoints(): ConfigParts["endpoints"] {
    return this.upstreams.map(({ port }, index) => ({ id: `app-${index}`, port }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.upstreams) await one[Symbol.asyncDispose]();
  }
}

async function serve(
  gateway: TestGateway,
  instances: Instances,
  parts: Partial<ConfigParts> = {},
): Promise<number> {
  await gateway.apply(aConfig({ endpoints: instances.endpoints, ...parts }));
  await gateway.untilHealthy(...instances.endpoints.map((one) => one.id));
  return await gateway.port("public");
}

/** Steady requests, 8 at a time, until `isDone`. */
class Load implements AsyncDisposable {
  readonly answers: Answer[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  readonly #clients: readonly Promise<void>[];
  #isDone = false;

  constructor(port: number, path: () => string) {
    const client = async (): Promise<void> => {
      while (!this.#isDone) {
        this.answers.push(await send(port, { path: path(), agent: this.#agent }));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    this.#clients = Array.from({ length: 8 }, client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDone = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
  }
}

async function whenEjected(gateway: TestGateway, id: string): Promise<EndpointStatus> {
  return await eventually(`${id} ejected`, async () => {
    const { endpoints } = await gateway.status();
    return endpoints.find((one) => one.id === id && one.health === "ejected");
  });
}

async function ejectedIds(gateway: TestGateway): Promise<readonly string[]> {
  const { endpoints } = await gateway.status();
  return endpoints.filter((one) => one.ejected !== undefined).map((one) => one.id);
}

test("grey failure: checks pass, requests get 500: out after five, back on trial", async () => {
  await using gateway = await TestGateway.start();
  await using instances = await Instances.start({}, { status: 500 }, {});
  const port = await serve(gateway, instances);
  const answers: Answer[] = [];
  for (let turn = 0; turn < 60; turn += 1) answers.push(await send(port));
  assert.equal(answers.filter((answer) => answer.status === 500).length, 5);
  const first = await whenEjected(gateway, "app-1");
  assert.equal(first.ejected?.reason, "errors");
  assert.equal(first.ejected?.times, 1);
  const labels = 'pool="app",instance="app-1",release="r1"';
  const text = await gateway.metrics();
  assert.ok(text.includes(`seaworthy_endpoint_ejected{${labels}} 1\n`), text);
  assert.ok(text.includes(`seaworthy_endpoint_ejections_total{${labels},reason="errors"} 1\n`));

  // Another worker knows of it: a handover forgives nothing.
  assert.ok((await gateway.ask({ op: "handover", drainMs: 100 })).ok);
  assert.deepEqual(await ejectedIds(gateway), ["app-1"]);

  // Back after its time, still failing: two bad answers are enough, and it is out for longer.
  const second = await eventually("it to fail its trial", async () => {
    await send(port);
    const { ejected } = (await gateway.status()).endpoints[1]!;
    return ejected?.times === 2 ? ejected : undefined;
  });
  assert.ok(second.untilWallMs > first.ejected!.untilWallMs + 5_000);

  instances.manners[1]!.status = 200;
  await eventually("it to be back and well", async () => {
    const answer = await send(port);
    assert.equal(answer.status, 200);
    const { ejected, requests } = (await gateway.status()).endpoints[1]!;
    return ejected === undefined && requests > 2 ? true : undefined;
  });
});

test("an instance ten times slower than the others is left out while it is", async () => {
  await using gateway = await TestGateway.start();
  const slow: Manners = { delayMs: () => 200 };
  await using instances = await Instances.start({ delayMs: () => 10 }, slow, { delayMs: () => 10 });
  const port = await serve(gateway, instances);
  await using load = new Load(port, () => "/");
  const { ejected } = await whenEjected(gateway, "app-1");
  assert.equal(ejected?.reason, "slow");
  // What waited there was moved by the edge, and none of it is a failure of the instance.
  const moved = (await gateway.status()).endpoints[1]!;
  assert.deepEqual(moved.failed, { safe: 0, idempotent: 0, unsafe: 0, stream: 0 });
  slow.delayMs = () => 10;
  await eventually("it to be back, and to stay", async () => {
    const one = (await gateway.status()).endpoints[1]!;
    return one.health === "healthy" && one.requests > 100 ? true : undefined;
  });
  assert.deepEqual(await ejectedIds(gateway), []);
  assert.ok(load.answers.every((answer) => answer.status === 200));
});

test("when all are slow, nobody is left out", async () => {
  await using gateway = await TestGateway.start();
  const slow = (): number => 150 + Math.random() * 50;
  await using instances = await Instances.start(...[0, 1, 2].map(() => ({ delayMs: slow })));
  const port = await serve(gateway, instances);
  {
    await using load = new Load(port, () => "/");
    await eventually("enough to judge by, twice", async () =>
      load.answers.length > 300 ? true : undefined,
    );
  }
  assert.deepEqual(await ejectedIds(gateway), []);
});

test("nobody is left out for a slow route, nor for keys that are slow", async () => {
  await using gateway = await TestGateway.start();
  const delayMs = (path: string): number => (path.startsWith("/slow") ? 150 : 0);
  await using instances = await Instances.start({ delayMs }, { delayMs }, { delayMs });
  const { endpoints } = instances;
  const hashed = { balance: "consistent-hash", hashBy: { by: "path" } } as const;
  const config = aConfig({ endpoints });
  // By turn, slow and quick requests mixed on one route each; by key, one instance gets all slow.
  const routes = config.listeners[0]!.routes.flatMap((route) => [
    { ...route, prefix: "/slow" },
    { ...route, prefix: "/quick" },
    { ...route, ...hashed, prefix: "/slow-key" },
    { ...route, ...hashed, prefix: "/quick-key" },
  ]);
  const listeners = config.listeners.map((one) => ({ ...one, routes: routes.slice(0, 4) }));
  await gateway.apply({ ...config, listeners });
  await gateway.untilHealthy("app-0", "app-1", "app-2");
  const port = await gateway.port("public");
  let turn = 0;
  const paths = ["/slow", "/quick", "/quick", "/slow-key/a", "/quick-key/b", "/quick-key/c"];
  {
    await using load = new Load(port, () => {
      turn += 1;
      return paths[turn % paths.length]!;
    });
    await eventually("enough to judge by, twice", async () =>
      load.answers.length > 600 ? true : undefined,
    );
  }
  const { endpoints: all } = await gateway.status();
  assert.deepEqual(await ejectedIds(gateway), [], JSON.stringify(all.map((one) => one.latency)));
});

test("one bad request, repeated, ejects nobody: all answer it alike", async () => {
  await using gateway = await TestGateway.start();
  await using instances = await Instances.start({ status: 500 }, { status: 500 }, { status: 500 });
  const hashed = { balance: "consistent-hash", hashBy: { by: "path" } } as const;
  for (const [generation, route] of [{}, hashed].entries()) {
    const port = await serve(gateway, instances, { generation: generation + 1, route });
    for (let turn = 0; turn < 40; turn += 1) await send(port, { path: "/poison" });
    assert.deepEqual(await ejectedIds(gateway), []);
  }
});

test("however many fail, half of the pool stays", async () => {
  await using gateway = await TestGateway.start();
  await using instances = await Instances.start({}, ...[0, 1, 2].map(() => ({ status: 500 })));
  const port = await serve(gateway, instances);
  await using load = new Load(port, () => "/");
  const ejected = await eventually("two of three to be out", async () => {
    const ids = await ejectedIds(gateway);
    return ids.length < 2 ? undefined : ids;
  });
  const seen = load.answers.length;
  await eventually("many more requests", async () =>
    load.answers.length > seen + 500 ? true : undefined,
  );
  assert.deepEqual(await ejectedIds(gateway), ejected);
  assert.ok(!ejected.includes("app-0"), ejected.join(" "));
});
