import assert from "node:assert/strict";
import { test } from "node:test";
import {
  apiRemoval,
  endOfLife,
  removalOf,
  removalSources,
  removalsOf,
  removedOption,
} from "./removed.ts";
import { compareVersions } from "./version.ts";

test("an option is removed from the version on that dropped it, in every spelling", () => {
  const query = { product: "mysql", key: "query-cache-size" };
  assert.equal(removedOption({ ...query, version: "5.7" }), undefined);
  assert.equal(removedOption({ ...query, version: "8.0.36" })?.removedIn, "8.0");
  assert.equal(removedOption({ ...query, version: "8.4-oracle" })?.removedIn, "8.0");
  const boot = { product: "spring-boot", version: "3.2.1" };
  assert.equal(
    removedOption({ ...boot, key: "management.metrics.export.prometheus.enabled" })?.successor,
    "management.prometheus.metrics.export.enabled",
  );
  assert.equal(
    removedOption({ ...boot, key: "SPRING_REDIS_HOST" })?.successor,
    "spring.data.redis.host",
  );
  assert.equal(removedOption({ ...boot, key: "spring.redis.host", version: "2.7.18" }), undefined);
});

test("a removed group takes all that begins like it", () => {
  const query = { product: "elasticsearch", version: "8.13.4" };
  const key = "discovery.zen.ping.unicast.hosts";
  assert.equal(removedOption({ ...query, key })?.key, "discovery.zen.*");
  assert.equal(removedOption({ ...query, key: "discovery.seed_hosts" }), undefined);
  assert.equal(removedOption({ ...query, key, version: "7.17.9" }), undefined);
  assert.equal(
    removedOption({ product: "flask-limiter", key: "RATELIMIT_STORAGE_URL", version: "3.5.0" })
      ?.successor,
    "RATELIMIT_STORAGE_URI",
  );
});

test("a key that is spelt like a removed one, and is none, is left alone", () => {
  const boot = { product: "spring-boot", version: "4.0.0" };
  for (const key of [
    "server.servlet.path",
    "spring.kafka.admin.ssl.key-store-location",
    "management.prometheus.metrics.export.enabled",
    "spring.data.redis.host",
    "server.port",
  ]) {
    const removal = removedOption({ ...boot, key });
    assert.ok(removal === undefined || removal.key === key, `${key}: ${removal?.key}`);
  }
  assert.equal(removedOption({ ...boot, key: "server.servlet-path" })?.removedIn, "2.0");
});

test("no key is both removed and, spelt alike, its own successor", () => {
  const canonical = (key: string) => key.toLowerCase().replace(/[-_]/gu, "");
  for (const product of removalSources().keys()) {
    for (const { key, successor } of removalsOf(product)) {
      assert.notEqual(canonical(key), canonical(successor ?? ""), `${product}: ${key}`);
    }
  }
});

test("an unknown product, option or version is silence", () => {
  assert.equal(removalOf({ product: "mysql", key: "max_connections" }), undefined);
  assert.equal(removalOf({ product: "no-such", key: "query_cache_size" }), undefined);
  const query = { product: "mysql", key: "expire_logs_days" };
  assert.equal(removedOption({ ...query, version: "latest" }), undefined);
  assert.equal(removedOption({ ...query, version: "8" }), undefined, "a bare 8 may be 8.0");
  assert.equal(removalOf(query)?.successor, "binlog_expire_logs_seconds");
  assert.deepEqual(removalsOf("no-such"), []);
});

test("a key of two words is one key", () => {
  assert.equal(removalOf({ product: "haproxy", key: "option http-tunnel" })?.removedIn, "2.1");
  assert.equal(
    removalsOf("haproxy").find(({ key }) => key === "option forceclose")?.removedIn,
    "2.0",
  );
});

test("Kubernetes kinds know when their version was dropped, and what comes after", () => {
  assert.deepEqual(apiRemoval({ apiVersion: "policy/v1beta1", kind: "PodSecurityPolicy" }), {
    deprecatedIn: "1.21",
    removedIn: "1.25",
    replacement: undefined,
  });
  assert.deepEqual(apiRemoval({ apiVersion: "extensions/v1beta1", kind: "Ingress" }), {
    deprecatedIn: "1.14",
    removedIn: "1.22",
    replacement: "networking.k8s.io/v1",
  });
  assert.equal(apiRemoval({ apiVersion: "apps/v1", kind: "Deployment" }), undefined);
  assert.equal(apiRemoval({ apiVersion: "example.com/v1beta1", kind: "Ingress" }), undefined);
});

test("a version's end of life is its series'", () => {
  assert.deepEqual(endOfLife("mysql", "5.7.44"), { series: "5.7", date: "2023-10-31" });
  assert.equal(endOfLife("postgres", "12.3")?.date, "2024-11-21");
  assert.equal(endOfLife("postgres", "1"), undefined);
  assert.equal(endOfLife("kubernetes", "v1.24.3")?.series, "1.24");
  assert.equal(endOfLife("mysql", "latest"), undefined);
  assert.equal(endOfLife("no-such", "1.0"), undefined);
});

test("versions compare number by number", () => {
  const sign = (left: string, right: string) =>
    Math.sign(compareVersions(left, right) ?? Number.NaN);
  assert.equal(sign("8.0.36", "8.4"), -1);
  assert.equal(sign("10.1", "9.9"), 1);
  assert.equal(sign("v3.0.0", "3.0"), 0);
  assert.equal(sign("17-jre", "17"), 0);
  assert.equal(compareVersions("latest", "1"), undefined);
  assert.equal(compareVersions("3.12rc1", "1"), undefined);
  assert.equal(compareVersions("1".repeat(10_000), "1"), undefined);
});

test("every file of removals has a source", () => {
  for (const [name, sources] of removalSources()) assert.ok(sources.length > 0, name);
});
