import assert from "node:assert/strict";
import { test } from "node:test";
import { documentsOf, readDocument } from "../facts.ts";
import type { Component } from "../fact.ts";
import type { Tree } from "../source.ts";
import { containerFacts, readContainers } from "./containers.ts";

function factsOf(files: Readonly<Record<string, string>>) {
  const sources = Object.entries(files).map(([path, text]) => ({ path, text }));
  const tree: Tree = {
    files: sources,
    has: (path) => path in files,
    isIgnored: () => false,
    unread: [],
    guide: undefined,
  };
  return containerFacts(
    documentsOf(
      sources.flatMap((file) => readDocument(file) ?? []),
      tree,
    ),
  );
}

function component(files: Readonly<Record<string, string>>, name: string): Component {
  const found = factsOf(files).find((fact) => fact.kind === "component" && fact.name === name);
  assert.ok(found?.kind === "component", `no component ${name}`);
  return found;
}

function kindOf(path: string, text: string): string | undefined {
  return readContainers({ path, text })?.kind;
}

test("tells Compose from other formats with services", () => {
  assert.equal(kindOf("elastic.yml", "services:\n  a:\n    image: x\n"), "compose");
  assert.equal(kindOf("services.yaml", "services:\n  _defaults:\n    autowire: true\n"), undefined);
  assert.equal(kindOf("ci.yml", "stages: [a]\nservices:\n  a:\n    image: x\n"), undefined);
  assert.equal(kindOf("ci.yml", "services:\n  - postgres\n"), undefined);
  assert.equal(kindOf("system.yaml", "services:\n  api:\n    run: { image: a }\n"), undefined);
});

test("tells Dockerfiles and files of variables", () => {
  assert.equal(kindOf("block-7", "# build\nFROM a\nRUN b\n"), "dockerfile");
  assert.equal(kindOf("query.txt", "SELECT a\nFROM b\n"), undefined);
  assert.equal(kindOf(".env.production", "A=1\n# c\nB='x\ny'\n"), "environment");
  assert.equal(kindOf("src/env.ts", "A=1\n"), undefined);
});

test("reads what a service is, with defaults put in and lines kept", () => {
  const text = [
    "services:",
    "  api:",
    "    image: ${REGISTRY:-registry.example}/api:${TAG:-1.2}",
    "    container_name: api-${N:-1}",
    "    ports: ['127.0.0.1:${PORT:-8080}:80', '53:53/udp', '[::1]:7000-7001:7000-7001', '9']",
    "    environment:",
    "      - A=${X:-y}",
    "      - B=${SECRET}",
    "      - C",
    "    volumes: ['./conf:/etc/api:ro', 'data:/data', '/anonymous']",
    "    command: serve --on 'all of it'",
    "    deploy: { replicas: 3, resources: { limits: { memory: 1.5G } } }",
    "    healthcheck: { test: ['CMD', 'curl', '-f', 'http://localhost:80/up'], interval: 1m30s }",
  ].join("\n");
  const api = component({ "compose.yml": text }, "api");
  assert.equal(api.image?.value, "registry.example/api:1.2");
  assert.deepEqual(api.image.at, { file: "compose.yml", line: 3 });
  assert.deepEqual(api.hostNames, ["api", "api-1"]);
  assert.deepEqual(
    api.ports.map(({ port, published, protocol }) => [port, published, protocol]),
    [
      [80, { address: "127.0.0.1", port: 8080 }, "tcp"],
      [53, { port: 53 }, "udp"],
      [7000, { address: "::1", port: 7000 }, "tcp"],
      [7001, { address: "::1", port: 7001 }, "tcp"],
      [9, {}, "tcp"],
    ],
  );
  assert.equal(api.environment.get("A")?.value, "y");
  assert.deepEqual(api.environment.get("B")?.from, { kind: "shell", name: "SECRET" });
  assert.deepEqual(api.environment.get("C")?.from, { kind: "shell", name: "C" });
  assert.deepEqual(
    api.mounts.map(({ type, source, target, readOnly }) => [type, source, target, readOnly]),
    [
      ["bind", "./conf", "/etc/api", true],
      ["volume", "data", "/data", false],
      ["volume", undefined, "/anonymous", false],
    ],
  );
  assert.deepEqual(api.command?.value, ["serve", "--on", "all of it"]);
  assert.equal(api.replicas?.value, 3);
  assert.equal(api.memoryLimitBytes?.value, 1.5 * 1024 ** 3);
  assert.equal(api.probes[0]?.periodMs, 90_000);
});

test("merges an overlay into the base it changes, each line where it stands", () => {
  const files = {
    "docker-compose.yml": "services:\n  api:\n    image: a:1\n    ports: ['80:80']\n",
    "docker-compose.prod.yml": "services:\n  api:\n    mem_limit: 64m\n    ports: ['81:81']\n",
  };
  const api = component(files, "api");
  assert.deepEqual(
    api.ports.map(({ port }) => port),
    [80, 81],
  );
  assert.deepEqual(api.memoryLimitBytes?.at, { file: "docker-compose.prod.yml", line: 3 });
  assert.equal(factsOf(files).filter(({ kind }) => kind === "component").length, 1);
});

test("keeps environments apart that no command names together", () => {
  const files = {
    "docker-compose.yml": "services:\n  api:\n    image: a:1\n    mem_limit: 1g\n",
    "docker-compose.prod.yml": "services:\n  api:\n    image: a:2\n",
  };
  assert.equal(factsOf(files).filter(({ kind }) => kind === "component").length, 2);
  const together = {
    ...files,
    "README.md": "run `docker compose -f docker-compose.yml -f docker-compose.prod.yml up -d`\n",
  };
  const api = component(together, "api");
  assert.equal(api.image?.value, "a:2");
  assert.equal(api.memoryLimitBytes?.value, 1024 ** 3);
});

test("follows extends, anchors and env files", () => {
  const files = {
    "base.yml": "services:\n  common:\n    image: a:1\n    user: '7'\n",
    "compose.yml": [
      "x-env: &env { LOG: info }",
      "services:",
      "  api:",
      "    extends: { file: base.yml, service: common }",
      "    environment: { <<: *env, MODE: prod }",
      "    env_file: [api.env]",
    ].join("\n"),
    "api.env": "LOG=debug\nKEY=value # why\n",
  };
  const api = component(files, "api");
  assert.equal(api.image?.value, "a:1");
  assert.equal(api.user?.value, "7");
  assert.equal(api.environment.get("LOG")?.value, "info");
  assert.equal(api.environment.get("KEY")?.value, "value");
});

test("adds what the Dockerfile says where the service says nothing", () => {
  const files = {
    "compose.yml": "services:\n  api:\n    build: ./api\n",
    "api/Dockerfile": [
      "ARG BASE=alpine",
      "FROM node:24 AS build",
      "USER root",
      "FROM ${BASE}:3.20",
      "ENV PORT=80 A=b",
      "EXPOSE 80/tcp",
      "USER 1001",
      "HEALTHCHECK --interval=5s \\",
      "  # why",
      "  CMD wget -q http://127.0.0.1:80/up || exit 1",
      'CMD ["node", "main.js"]',
    ].join("\n"),
  };
  const api = component(files, "api");
  assert.equal(api.user?.value, "1001");
  assert.equal(api.ports[0]?.port, 80);
  assert.equal(api.environment.get("A")?.value, "b");
  assert.deepEqual(api.command?.value, ["node", "main.js"]);
  assert.equal(api.probes[0]?.periodMs, 5_000);
  const call = factsOf(files).find(({ kind }) => kind === "call");
  assert.ok(call?.kind === "call");
  assert.deepEqual([call.host, call.port, call.path], ["127.0.0.1", 80, "/up"]);
});

test("says what Compose would refuse", () => {
  const text = [
    "services:",
    "  api:",
    "    image: a",
    "    networks: [inner]",
    "    volumes: ['data:/data', './x:relative']",
    "    depends_on: [db]",
    "    ports: ['70000:80']",
    "    replicas: 2",
    "cache:",
    "  image: b",
  ].join("\n");
  const problems = readContainers({ path: "compose.yml", text })?.problems ?? [];
  assert.deepEqual(
    problems.map(({ at }) => at.line).toSorted((a, b) => a - b),
    [4, 5, 5, 6, 7, 8, 9],
  );
});

test("survives hostile files", () => {
  const deep = `services:\n  a:\n    image: ${"${A:-".repeat(5_000)}\n`;
  const hostile = [
    ["compose.yml", "services: &a\n  x: *a\n"],
    ["compose.yml", deep],
    ["compose.yml", "services:\n  a: [\n"],
    ["compose.yml", "\u0000\u0001services:"],
    ["Dockerfile", `FROM a\nRUN ${"x \\\n".repeat(50_000)}`],
    ["Dockerfile", "FROM a AS a\nFROM a AS a\nRUN <<EOF\nnever closed"],
    [".env", `A=${"b".repeat(5_000_000)}`],
    ["Dockerfile", `FROM a\nCMD [${'"\\'.repeat(100_000)}`],
  ] as const;
  for (const [path, text] of hostile) factsOf({ [path]: text });
  const services = Array.from({ length: 2_000 }, (_, n) => `  s${n}:\n    image: a\n`);
  const big = `services:\n${services.join("")}`;
  assert.equal(factsOf({ "compose.yml": big }).length, 2_000);
});
