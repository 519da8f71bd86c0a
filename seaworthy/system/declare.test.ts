import assert from "node:assert/strict";
import { test } from "node:test";
import {
  defineSystem,
  edge,
  job,
  mariadb,
  nats,
  postgres,
  ref,
  secret,
  service,
  text,
  valkey,
} from "./declare.ts";

const run = { build: "./api", command: ["node", "main.ts"] } as const;

test("a declaration becomes plain data, references in their data form", () => {
  const system = defineSystem({
    name: "orders",
    services: {
      api: service({
        run,
        env: { DB: secret("DB"), SELF: text`${ref("api")}/v1`, WORKER: ref("worker") },
      }),
      worker: service({ run, replicas: 2 }),
    },
    jobs: { migrate: job({ run, idempotent: true, env: { API: ref("api") } }) },
    edge: edge({ routes: { "/": "api", "/x": { to: "worker", idempotent: true } } }),
  });
  assert.deepEqual(JSON.parse(JSON.stringify(system)), {
    name: "orders",
    services: {
      api: {
        run,
        env: {
          DB: { secret: "DB" },
          SELF: { text: [{ ref: "api" }, "/v1"] },
          WORKER: { ref: "worker" },
        },
      },
      worker: { run, replicas: 2 },
    },
    jobs: { migrate: { run, idempotent: true, env: { API: { ref: "api" } } } },
    edge: { routes: { "/": "api", "/x": { to: "worker", idempotent: true } } },
  });
});

test("a store's url is its name, wherever the store is listed", () => {
  const db = postgres({ version: 17, replicas: 2, synchronous: "any 1" });
  const cache = valkey({ mode: "sentinel", replicas: 2, role: "cache" });
  const env = { DB: db.url, CACHE: text`${cache.url}/0`, QUEUE: ref("queue") };
  const system = defineSystem({
    name: "orders",
    services: { api: service({ run, env }) },
    stores: {
      // A copy that differs is still the store that the address belongs to.
      main: { ...db, replicas: 3 },
      cache,
      queue: nats({ servers: 3 }),
      old: mariadb({ external: secret("OLD_URL") }),
    },
    environments: { staging: { stores: { main: { replicas: 1 } } } },
  });
  const data: unknown = JSON.parse(JSON.stringify(system));
  assert.deepEqual(data, {
    name: "orders",
    services: {
      api: {
        run,
        env: {
          DB: { ref: "main" },
          CACHE: { text: [{ ref: "cache" }, "/0"] },
          QUEUE: { ref: "queue" },
        },
      },
    },
    stores: {
      main: { provider: "postgres", version: 17, replicas: 3, synchronous: "any 1" },
      cache: { provider: "valkey", mode: "sentinel", replicas: 2, role: "cache" },
      queue: { provider: "nats", servers: 3 },
      old: { provider: "mariadb", external: { secret: "OLD_URL" } },
    },
    environments: { staging: { stores: { main: { replicas: 1 } } } },
  });
});

test("the url of a store that is not listed, or listed twice, is refused", () => {
  const db = postgres({});
  const services = { api: service({ run, env: { DB: db.url } }) };
  assert.throws(
    () => defineSystem({ name: "x", services }),
    /services\.api\.env\.DB is the url of a store that is not listed under `stores`/,
  );
  assert.throws(
    () => defineSystem({ name: "x", services, stores: { a: db, b: db } }),
    /listed twice: a, b/,
  );
});

test("a reference throws wherever it would become text", () => {
  const { url } = postgres({});
  const joining = text`${ref("api")}/v1`;
  const references: readonly unknown[] = [ref("api"), secret("TOKEN"), joining, url];
  const [address, token, joined, store] = references;
  assert.throws(() => String(store), /a store's url is known only when .* text`…`/);
  assert.throws(() => String(address), /ref\("api"\) is known only when .* text`…`/);
  assert.throws(() => String(token), /secret\("TOKEN"\) is known only when/);
  assert.throws(() => String(joined), /text`…` is known only when/);
  assert.throws(() => JSON.stringify({ at: address }), /text`…`/);
});

test("what is no data is refused, each place named", () => {
  const service = { run, env: { A: () => "x" }, files: { "/a": new Map() } };
  assert.throws(
    // @ts-expect-error functions and maps are no data
    () => defineSystem({ name: "x", services: { api: service } }),
    /services\.api\.env\.A is a function; services\.api\.files\.\/a is a Map/,
  );
  const files = { "/a": { url: ref("api") } };
  assert.throws(
    // @ts-expect-error files hold no references
    () => defineSystem({ name: "x", services: { api: { run, files } } }),
    /files hold none yet/,
  );
});

/** Never called: what is wrong here is wrong while one types. */
export function compileErrors(): void {
  const services = { api: service({ run }) };
  const x = { name: "x", services };
  const db = service({ run, env: { DB: ref("dp") } });
  const joined = service({ run, env: { DB: text`${ref("dp")}/` } });
  const migrate = job({ run, env: { DB: ref("dp") } });
  const load = { rate: "1/s", mix: [{ GET: "/" }] } as const;
  const history = { service: "dp", path: "/" } as const;
  const web = { replicas: 2 };
  const stores = { cache: valkey({ role: "cache" }) };
  // @ts-expect-error there is no service `apii`
  defineSystem({ ...x, edge: edge({ routes: { "/": "apii" } }) });
  // @ts-expect-error there is no service `apii`
  defineSystem({ ...x, edge: edge({ routes: { "/": { to: "apii" } } }) });
  // @ts-expect-error a prefix starts with a slash
  defineSystem({ ...x, edge: edge({ routes: { orders: "api" } }) });
  // @ts-expect-error there is no service `dp`
  defineSystem({ name: "x", services: { db } });
  // @ts-expect-error there is no service `dp`
  defineSystem({ name: "x", services: { joined } });
  // @ts-expect-error there is no service `dp`
  defineSystem({ ...x, jobs: { migrate } });
  // @ts-expect-error a misspelt field
  service({ run, replica: 3 });
  // @ts-expect-error a duration has a unit
  service({ run, drain: "500" });
  // @ts-expect-error parsecs are no unit
  service({ run, drain: "5 parsecs" });
  // @ts-expect-error an environment adds no service
  defineSystem({ ...x, environments: { p: { services: { web } } } });
  // @ts-expect-error an environment adds no store
  defineSystem({ ...x, stores, environments: { p: { stores: { db: { replicas: 1 } } } } });
  // @ts-expect-error a misspelt field
  postgres({ replica: 2 });
  // @ts-expect-error an address is a secret, never a text
  postgres({ external: "postgres://user:password@host/db" });
  // @ts-expect-error there is no such role
  valkey({ role: "cash" });
  // @ts-expect-error one method a request
  defineSystem({ ...x, load: { rate: "1/s", mix: [{ GET: "/", POST: "/" }] } });
  // @ts-expect-error there is no service `dp`
  defineSystem({ ...x, load: { ...load, history } });
  defineSystem({
    ...x,
    load: { ...load, history: { service: "api", path: "/" } },
    environments: { p: { services: { api: { replicas: 2, ready: { every: "1s" } } } } },
  });
}
