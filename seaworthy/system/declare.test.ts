import assert from "node:assert/strict";
import { test } from "node:test";
import { defineSystem, edge, job, ref, secret, service, text } from "./declare.ts";

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

test("a reference throws wherever it would become text", () => {
  assert.throws(() => `${ref("api")}/v1`, /text`…`/);
  assert.throws(() => `${secret("TOKEN")}`, /secret\("TOKEN"\) is known only when/);
  assert.throws(() => ref("api").toString(), /ref\("api"\)/);
  assert.throws(() => JSON.stringify({ at: ref("api") }), /text`…`/);
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
  // @ts-expect-error there is no service `apii`
  defineSystem({ name: "x", services, edge: edge({ routes: { "/": "apii" } }) });
  // @ts-expect-error there is no service `apii`
  defineSystem({ name: "x", services, edge: edge({ routes: { "/": { to: "apii" } } }) });
  // @ts-expect-error a prefix starts with a slash
  defineSystem({ name: "x", services, edge: edge({ routes: { orders: "api" } }) });
  // @ts-expect-error there is no service `dp`
  defineSystem({ name: "x", services: { api: service({ run, env: { DB: ref("dp") } }) } });
  // @ts-expect-error there is no service `dp`
  defineSystem({ name: "x", services: { api: service({ run, env: { DB: text`${ref("dp")}/` } }) } });
  // @ts-expect-error there is no service `dp`
  defineSystem({ name: "x", services, jobs: { a: job({ run, env: { DB: ref("dp") } }) } });
  // @ts-expect-error a misspelt field
  service({ run, replica: 3 });
  // @ts-expect-error a duration has a unit
  service({ run, drain: "500" });
  // @ts-expect-error parsecs are no unit
  service({ run, drain: "5 parsecs" });
  // @ts-expect-error an environment adds no service
  defineSystem({ name: "x", services, environments: { p: { services: { web: { replicas: 2 } } } } });
  // @ts-expect-error one method a request
  defineSystem({ name: "x", services, load: { rate: "1/s", mix: [{ GET: "/", POST: "/" }] } });
  const load = { rate: "1/s", mix: [{ GET: "/" }] } as const;
  const history = { service: "dp", path: "/" } as const;
  // @ts-expect-error there is no service `dp`
  defineSystem({ name: "x", services, load: { ...load, history } });
  defineSystem({
    name: "x",
    services,
    load: { ...load, history: { service: "api", path: "/" } },
    environments: { p: { services: { api: { replicas: 2, ready: { every: "1s" } } } } },
  });
}
