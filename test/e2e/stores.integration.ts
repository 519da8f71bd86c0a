import assert from "node:assert/strict";
import { test } from "node:test";
import { rehearse } from "./rehearsal.ts";

/** A system whose `web` is given the address of a database. */
function withStore(fields: string, objectives = ""): string {
  return `import { defineSystem, edge, postgres, secret, service } from "seaworthy";

const db = postgres({ ${fields} });

export default defineSystem({
  name: "shop",
  services: {
    web: service({
      run: { build: "./apps/web", command: ["node", "main.ts"] },
      replicas: 2,
      env: { DATABASE_URL: db.url },
    }),
  },
  stores: { db },
  edge: edge({ routes: { "/": "web" } }),
  objectives: { ${objectives} },
});
void secret;
`;
}

test("a store is checked and explained, and whoever would run it is refused", async () => {
  const fields = 'replicas: 2, synchronous: "any 1"';
  await using rehearsal = await rehearse({ "system.ts": withStore(fields) });
  const check = await rehearsal.run(["check"]);
  assert.equal(check.code, 0, check.stderr);
  assert.match(check.stdout, /note no target runs stores yet: `db` \(postgres\)/);
  const explain = await rehearsal.run(["explain", "--json"]);
  assert.match(explain.stdout, /"path": "stores\.db\.failover\.afterMs",\s+"value": "30s"/);
  for (const verb of [["plan"], ["up"], ["deploy"], ["drill", "kill-instance"]]) {
    const refused = await rehearsal.run(verb);
    assert.equal(refused.code, 9, `${verb.join(" ")}: ${refused.stderr}`);
    assert.match(refused.stderr, /external: secret\("DB_URL"\)/);
    assert.match(refused.stderr, /system\.ts:\d+ {2}stores\.db/);
  }
  const status = await rehearsal.run(["status"]);
  assert.equal(status.code, 0, status.stderr);
});

test("a promise that no mechanism keeps is exit 10", async () => {
  const fields = 'replicas: 2, backup: { full: "24h", to: "s3://backups/shop" }';
  const text = withStore(fields, 'recovery: { point: "0s" }');
  await using rehearsal = await rehearse({ "system.ts": text });
  const check = await rehearsal.run(["check", "--json"]);
  assert.equal(check.code, 10, check.stderr);
  const fieldsFound = [...check.stdout.matchAll(/"path": "(stores\.db\.[a-z.]+)"/g)];
  assert.deepEqual(
    fieldsFound.map(([, path]) => path),
    ["stores.db.replicas", "stores.db.backup.full"],
  );
});

test("an external store's address comes from its secret, and the system runs", async () => {
  const text = withStore('external: secret("SHOP_DB")');
  await using rehearsal = await rehearse({ "system.ts": text });
  const env = { SHOP_DB: "postgres://sentinel-4711@db.example/shop" };
  const plan = await rehearsal.run(["plan"], { env });
  assert.equal(plan.code, 0, plan.stderr);
  assert.doesNotMatch(plan.stdout + plan.stderr, /sentinel-4711/);
  const up = await rehearsal.run(["up"], { env });
  assert.equal(up.code, 0, up.stderr);
  assert.doesNotMatch(up.stdout + up.stderr, /sentinel-4711/);
});

test("a build that is not there is found before anything is begun", async () => {
  const text = withStore('external: secret("SHOP_DB")').replace("./apps/web", "./apps/wbe");
  await using rehearsal = await rehearse({ "system.ts": text });
  const check = await rehearsal.run(["check"]);
  assert.equal(check.code, 10, check.stderr);
  assert.match(check.stdout, /the folder \.\/apps\/wbe is not there/);
  assert.match(check.stdout, /services\.web\.run\.build/);
});
