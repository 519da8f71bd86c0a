import assert from "node:assert/strict";
import { test } from "node:test";
import { imageFacts, imageSources, imagesReading, parseImageRef, withdrawal } from "./images.ts";
import { withdrawalSources } from "./withdrawn.ts";

test("a reference falls into registry, repository, tag and digest", () => {
  const cases = {
    redis: ["docker.io", "redis", undefined, undefined],
    "library/redis:7": ["docker.io", "redis", "7", undefined],
    "docker.io/library/redis:7-alpine": ["docker.io", "redis", "7-alpine", undefined],
    "localhost:5000/team/app": ["localhost:5000", "team/app", undefined, undefined],
    "localhost/app:1": ["localhost", "app", "1", undefined],
    "quay.io/prometheus/node-exporter:v1.8@sha256:ab": [
      "quay.io",
      "prometheus/node-exporter",
      "v1.8",
      "sha256:ab",
    ],
    "ghcr.io/library/x": ["ghcr.io", "library/x", undefined, undefined],
    "": ["docker.io", "", undefined, undefined],
    ":": ["docker.io", "", "", undefined],
  };
  for (const [text, [registry, repository, tag, digest]] of Object.entries(cases)) {
    assert.deepEqual(parseImageRef(text), { registry, repository, tag, digest }, text);
  }
});

test("facts are the same for each way to write the image", () => {
  for (const ref of ["mysql:8.0", "docker.io/library/mysql:8.0", "library/mysql"]) {
    assert.equal(imageFacts(ref)?.store, "mysql", ref);
    assert.deepEqual(imageFacts(ref)?.data, ["/var/lib/mysql"], ref);
  }
  assert.equal(imageFacts("registry.example/bitnami/redis:7")?.store, "redis");
});

test("an unknown image is undefined", () => {
  assert.equal(imageFacts("registry.example/team/app:1.2"), undefined);
  assert.equal(imageFacts("registry.example/mirror/redis"), undefined);
  assert.equal(imageFacts(""), undefined);
});

test("programs depend on the variant of the tag", () => {
  assert.equal(imageFacts("python:3.12")?.has("curl"), true);
  assert.equal(imageFacts("python:3.12-slim")?.has("curl"), false);
  assert.equal(imageFacts("python:3.12-slim")?.has("sh"), true);
  assert.equal(imageFacts("node:22-alpine")?.has("curl"), false);
  assert.equal(imageFacts("node:22-alpine")?.has("wget"), true);
  assert.equal(imageFacts("nginx:1.27-alpine")?.has("curl"), true);
  assert.equal(imageFacts("nginx:1.27-alpine-slim")?.has("curl"), false);
  assert.equal(imageFacts("gcr.io/distroless/static-debian12:nonroot")?.has("sh"), false);
  assert.equal(imageFacts("postgres:16")?.has("pg_isready"), true);
});

test("what is not known of a tag stays unknown", () => {
  assert.equal(imageFacts("mysql:8.0-debian")?.has("curl"), undefined);
  assert.equal(imageFacts("python@sha256:ab")?.has("curl"), undefined);
  assert.equal(imageFacts("python:3.12")?.has("jq"), undefined);
  assert.equal(imageFacts("tomcat:10")?.has("curl"), undefined);
});

test("a variable of another vendor's image is known to be ignored", () => {
  assert.equal(imageFacts("mysql:8.0")?.reads("MYSQL_ROOT_PASSWORD"), true);
  assert.equal(imageFacts("mysql:8.0")?.reads("MYSQL_REPLICATION_MODE"), false);
  assert.equal(imageFacts("bitnami/mysql:8.0")?.reads("MYSQL_REPLICATION_MODE"), true);
  assert.equal(imageFacts("redis:7")?.reads("REDIS_PASSWORD"), false);
  assert.equal(imageFacts("postgres:16")?.reads("POSTGRESQL_REPLICATION_MODE"), false);
  assert.equal(imageFacts("postgres:16")?.reads("PGDATA"), true);
  assert.equal(imageFacts("tomcat:10")?.reads("ANYTHING"), undefined);
  const readers = imagesReading({ store: "redis", variable: "REDIS_PASSWORD" });
  assert.ok(readers.includes("bitnami/redis") && !readers.includes("redis"));
});

test("tags that cannot be pulled, or are no longer mended, are told with their successor", () => {
  assert.equal(withdrawal("openjdk:17-jre-slim")?.state, "never-published");
  assert.equal(withdrawal("openjdk:17-jre-slim")?.successor?.startsWith("eclipse-temurin"), true);
  assert.equal(withdrawal("openjdk:11-jre-slim")?.state, "unmaintained");
  assert.equal(withdrawal("openjdk:17-jdk-slim")?.state, "unmaintained");
  assert.equal(withdrawal("bitnami/redis:7.2")?.state, "moved");
  assert.equal(withdrawal("bitnami/redis"), undefined);
  assert.equal(withdrawal("elasticsearch")?.state, "withdrawn");
  assert.equal(withdrawal("elasticsearch:8.19.0"), undefined);
  assert.equal(withdrawal("k8s.gcr.io/pause:3.2")?.successor, "registry.k8s.io");
  assert.equal(withdrawal("registry.k8s.io/pause:3.9"), undefined);
  assert.equal(withdrawal("registry.example/openjdk:17"), undefined);
});

test("an image of one command says which program its arguments go to", () => {
  assert.equal(imageFacts("bitnami/kubectl:1.30")?.entrypoint, "kubectl");
  assert.equal(imageFacts("registry.k8s.io/kubectl:v1.33.0")?.entrypoint, "kubectl");
  assert.equal(imageFacts("hashicorp/terraform:1.9")?.entrypoint, "terraform");
  assert.equal(imageFacts("node:22")?.entrypoint, undefined);
});

test("every image and withdrawal has a source", () => {
  for (const [repository, sources] of imageSources()) {
    assert.ok(sources.length > 0, repository);
    assert.ok(
      sources.every((source) => source.startsWith("https://")),
      repository,
    );
  }
  for (const sources of withdrawalSources()) assert.ok(sources.length > 0);
});
