import assert from "node:assert/strict";
import { test } from "node:test";
import { wholeRate } from "../plan/whole-rate.ts";
import { partsOf, PLACE } from "./golden.fixture.ts";
import { serversByBackend } from "./haproxy/backends.ts";
import { renderHaproxy, skeletonHash } from "./haproxy/haproxy.ts";
import { word as haproxyWord } from "./haproxy/words.ts";
import { generationOf, instancesIn, renderNginx, withoutGeneration } from "./nginx/nginx.ts";
import { literally, word as nginxWord } from "./nginx/words.ts";
import { groupRoutes, triesOf, wholeWeight } from "./route-groups.ts";

const SHOP = {
  name: "shop",
  services: { api: { run: { build: "./api", command: ["node", "main.ts"] }, replicas: 3 } },
  edge: { provider: "haproxy", routes: { "/": "api", "/v1": "api", "/orders": "gone" } },
};
const WITHOUT_GONE = { ...SHOP, edge: { provider: "haproxy", routes: { "/": "api" } } };

test("no text of a declaration ends a line or opens a block", () => {
  for (const text of ["a\nb", "a\rb", "\u0000", "a\tb"]) {
    assert.throws(() => haproxyWord(text), /control character/);
    assert.throws(() => nginxWord(text), /control character/);
  }
  assert.equal(haproxyWord(`/a b"$x\\`), `"/a b\\"\\$x\\\\"`);
  assert.equal(nginxWord(`/a b"\\;{}`), `"/a b\\"\\\\;{}"`);
  assert.throws(() => nginxWord("/home/$user"), /dollar/);
  assert.equal(literally("/a.b$(c)\u00e9"), "/a\\x2eb\\x24\\x28c\\x29\\xc3\\xa9");
});

test("servers alone change nothing of HAProxy's skeleton, anything else does", () => {
  const parts = partsOf(WITHOUT_GONE);
  const hash = skeletonHash(renderHaproxy(parts, PLACE));
  const [first] = parts.instances;
  assert.ok(first !== undefined);
  assert.equal(skeletonHash(renderHaproxy({ ...parts, instances: [first] }, PLACE)), hash);
  const other = partsOf({ ...SHOP, edge: { ...WITHOUT_GONE.edge, limits: { connections: 7 } } });
  assert.notEqual(skeletonHash(renderHaproxy(other, PLACE)), hash);
});

test("nginx's file says its generation and instances, and is the same without the first", () => {
  const parts = partsOf(WITHOUT_GONE);
  const text = renderNginx(parts, PLACE);
  assert.equal(generationOf(text), 7);
  assert.deepEqual([...instancesIn(text)], ["api-1", "api-2", "api-3"]);
  const later = renderNginx({ ...parts, generation: 8 }, PLACE);
  assert.notEqual(later, text);
  assert.equal(withoutGeneration(later), withoutGeneration(text));
});

test("a route to a service that was removed leads nowhere, and the others stay", () => {
  const parts = partsOf(WITHOUT_GONE);
  const edge = parts.edge && {
    ...parts.edge,
    routes: [...parts.edge.routes, ...parts.edge.routes.map((one) => ({ ...one, to: "gone" }))],
  };
  const { groups, prefixes } = groupRoutes({ ...parts, edge });
  assert.deepEqual(
    groups.map(({ name }) => name),
    ["api"],
  );
  assert.equal(prefixes.length, 1);
});

test("a service without instances is answered 503, and nothing is refused for it", () => {
  const parts = { ...partsOf(WITHOUT_GONE), instances: [] };
  assert.match(renderNginx(parts, PLACE), /location @api\.safe \{\n.*\n {6}return 503;/);
  assert.ok(!renderNginx(parts, PLACE).includes("upstream api"));
  assert.match(renderHaproxy(parts, PLACE), /backend api\.safe/);
});

test("routes that differ in nothing but their prefix share what serves them", () => {
  const { groups, prefixes } = groupRoutes(
    partsOf({ ...SHOP, edge: { provider: "haproxy", routes: { "/": "api", "/v1": "api" } } }),
  );
  assert.equal(groups.length, 1);
  assert.deepEqual(
    prefixes.map(({ prefix }) => prefix),
    ["/v1", "/"],
  );
});

test("a part of the traffic is never rounded to none, and none stays none", () => {
  const [one, two, none] = partsOf(WITHOUT_GONE).instances;
  assert.ok(one !== undefined && two !== undefined && none !== undefined);
  const among = [
    { ...one, weight: 0.999 },
    { ...two, weight: 0.001 },
    { ...none, weight: 0 },
  ];
  assert.deepEqual(
    among.map((instance) => wholeWeight(instance, among, 256)),
    [256, 1, 0],
  );
});

test("tries fit into the time of the whole request", () => {
  const [route] = partsOf(WITHOUT_GONE).edge?.routes ?? [];
  assert.ok(route !== undefined);
  assert.equal(triesOf({ ...route, timeoutMs: 10_000, tryTimeoutMs: 2_000 }), 3);
  assert.equal(triesOf({ ...route, timeoutMs: 5_000, tryTimeoutMs: 2_000 }), 2);
  assert.equal(triesOf({ ...route, timeoutMs: 1_000, tryTimeoutMs: 2_000 }), 1);
});

test("a rate that is no whole number of seconds or minutes is the next lower one, and said", () => {
  const rate = (requests: number, perMs: number) => wholeRate({ requests, perMs, burst: requests });
  assert.deepEqual(rate(5, 1_000), { requests: 5, per: "s", isExact: true });
  assert.deepEqual(rate(100, 60_000), { requests: 100, per: "m", isExact: true });
  assert.deepEqual(rate(1_000, 3_600_000), { requests: 16, per: "m", isExact: false });
  assert.deepEqual(rate(30, 3_600_000), { requests: 1, per: "m", isExact: false });
});

test("each instance has one id in every backend, whatever order they came in", () => {
  const parts = partsOf(WITHOUT_GONE);
  const of = (instances: typeof parts.instances) =>
    [...serversByBackend(groupRoutes({ ...parts, instances }))].map(([backend, servers]) => [
      backend,
      new Set(servers.map(({ args }) => / id (\d+) /.exec(args)?.[1])),
    ]);
  assert.deepEqual(of(parts.instances), of(parts.instances.toReversed()));
  assert.deepEqual(of(parts.instances)[0], ["api.safe", new Set(["1", "2", "3"])]);
});
