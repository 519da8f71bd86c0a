import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFields, explain, explainField, nearestField } from "./explain.ts";
import { parse } from "./parse.ts";
import { joinPath, splitPath } from "./path.ts";

const DECLARATION = {
  name: "shop",
  services: {
    api: {
      run: { build: "./api", command: ["node", "main.ts"] },
      drain: "20s",
      env: { DB: { secret: "DB" }, SELF: { text: [{ ref: "api" }, "/v1"] } },
    },
  },
  edge: { routes: { "/": { to: "api", timeout: "5s" } } },
  environments: { small: { services: { api: { replicas: 2 } } } },
};

test("every value of the canonical form is a line with its source", () => {
  const parsed = parse(DECLARATION, { environment: "small", platform: undefined });
  assert.ok(parsed.ok);
  const lines = explain(parsed.value).map(
    ({ path, value, source }) => `${path} ${value} ${source}`,
  );
  for (const line of [
    "services.api.drainMs 20s declared",
    "services.api.stopMs 15s default",
    "services.api.replicas 2 environment",
    'services.api.run.command ["node","main.ts"] declared',
    "services.api.env.DB <secret DB> declared",
    "services.api.env.SELF <address of api>/v1 declared",
    'edge.routes["/"].timeoutMs 5s declared',
    "edge.listen[0] 127.0.0.1:0 default",
    "edge.limits.bodyBytes 1MiB default",
    "objectives.errorRatio – default",
    "environment small derived",
  ]) {
    assert.ok(lines.includes(line), `${line}\n${lines.join("\n")}`);
  }
});

test("a field says what it means, what is expected and its default", () => {
  const text = explainField("services.api.drain");
  assert.match(text ?? "", /left the routes/);
  assert.match(text ?? "", /default {3}10s/);
  assert.equal(explainField("services.<name>.drainMs"), text);
  assert.match(explainField("edge.routes.*.tryTimeout") ?? "", /default {3}2s/);
  assert.match(explainField("services.api.ready") ?? "", /· every: /);
  assert.match(explainField("name") ?? "", /it must be given/);
  const mode = explainField("stores.db.mode") ?? "";
  assert.match(
    mode,
    /expected {2}"replication" or "galera", or "standalone" or "sentinel" or "clu/,
  );
  assert.match(mode, /default {3}"replication", or "standalone"/);
  assert.equal(explainField("services.api.drian"), undefined);
  assert.match(nearestField("services.*.drian"), /`services\.\*\.drain`/);
});

test("the fields that are explained are those that the parser reads", () => {
  const fields = describeFields();
  assert.ok(fields.length > 80);
  for (const field of fields)
    assert.ok(field.means !== "" && field.expected !== "", field.declared);
  const known = fields.map(({ declared }) => declared);
  for (const field of ["services.*.rollout.bakeRequests", "load.mix.*.GET", "drills.freeze"]) {
    assert.ok(known.includes(field), field);
  }
});

test("a path is split into the keys that it was joined from", () => {
  const keys = ["edge", "routes", "/v1/x.y", 3, 'quo"te', "a-b"];
  const path = keys.reduce<string>((base, key) => joinPath(base, key), "");
  assert.equal(path, 'edge.routes["/v1/x.y"][3]["quo\\"te"].a-b');
  assert.deepEqual(splitPath(path), keys);
});
