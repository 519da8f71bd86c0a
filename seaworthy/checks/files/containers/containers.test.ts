import assert from "node:assert/strict";
import { test } from "node:test";
import { treeOf } from "../example.fixture.ts";
import { checkFiles, type FileFinding } from "../files.ts";
import { CONTAINERS_RULES } from "./containers.ts";

type Files = Readonly<Record<string, string>>;

function said(rule: string, files: Files): readonly FileFinding[] {
  return checkFiles(treeOf(files)).filter((finding) => finding.rule === rule);
}

/** Severity and lines of what a rule says: `error 3,9`. */
function lines(rule: string, files: Files): readonly string[] {
  return said(rule, files).map(
    ({ severity, places }) => `${severity} ${places.map(({ line }) => line).join(",")}`,
  );
}

function compose(...services: readonly string[]): string {
  return `services:\n${services.join("\n")}\nvolumes:\n  data:\n`;
}

const MYSQL = "  db:\n    image: mysql:8.4\n    environment: { MYSQL_ROOT_PASSWORD: x }";

test("swarm shares one port among replicas and ignores container_name", () => {
  const text = compose(
    "  api:\n    image: a:1\n    container_name: api\n    ports: ['80:80']\n    scale: 2",
  );
  assert.equal(said("replicas-collide", { "docker-compose.yml": text }).length, 2);
  const script = "docker stack deploy -c docker-compose.yml shop\n";
  const swarm = { "docker-compose.yml": text, "deploy.sh": script };
  assert.deepEqual(
    lines("replicas-collide", swarm).filter((line) => line.startsWith("error")),
    [],
  );
});

test("a client made of a store's image holds no state and publishes nothing of its own", () => {
  const clients = [
    "mysqldump -h db --all-databases",
    "sh -c 'until mysqladmin ping -h db; do sleep 1; done'",
  ];
  for (const command of clients) {
    const text = compose(`${MYSQL}\n    command: ${command}`);
    assert.deepEqual(said("state-without-volume", { "compose.prod.yml": text }), [], command);
  }
  const server = compose(`${MYSQL}\n    command: docker-entrypoint.sh mysqld --skip-name-resolve`);
  assert.equal(said("state-without-volume", { "compose.prod.yml": server }).length, 1);
});

test("an option file in a ConfigMap is read at its own lines", () => {
  const manifest = [
    "apiVersion: v1",
    "kind: ConfigMap",
    "metadata: { name: options }",
    "data:",
    "  my.cnf: |",
    "    [client]",
    "    query_cache_size = 1",
    "    [mysqld]",
    "    query_cache_size = 0",
    "    loose_query_cache_type = 0",
    "---",
    "apiVersion: apps/v1",
    "kind: StatefulSet",
    "metadata: { name: db }",
    "spec:",
    "  serviceName: db",
    "  selector: { matchLabels: { app: db } }",
    "  template:",
    "    metadata: { labels: { app: db } }",
    "    spec:",
    "      containers:",
    "        - name: mysql",
    "          image: mysql:8.4",
    "          volumeMounts:",
    "            - { name: options, mountPath: /etc/mysql/conf.d }",
    "      volumes:",
    "        - { name: options, configMap: { name: options } }",
  ].join("\n");
  const found = lines("option-removed-in-version", { "k8s/db.yaml": manifest });
  assert.deepEqual(found, ["error 9,23"]);
});

test("MariaDB kept the query cache that MySQL gave up", () => {
  const text = compose("  db:\n    image: mariadb:11\n    command: --query-cache-size=0");
  assert.deepEqual(said("option-removed-in-version", { "compose.yml": text }), []);
});

test("a client without the password that its server asks for is no health check", () => {
  const probe = (test: string) =>
    compose(`${MYSQL}\n    volumes: ['data:/var/lib/mysql']\n    healthcheck: { test: ${test} }`);
  const cases: readonly (readonly [string, number])[] = [
    ["['CMD', 'mysql', '-h', 'localhost', '-e', 'SELECT 1']", 1],
    ["mysql -uroot -p$$MYSQL_ROOT_PASSWORD -e 'SELECT 1'", 0],
    ["['CMD', 'mysqladmin', 'ping']", 0],
    ["wget -q localhost || exit 1", 1],
    ["wget -q localhost || mysqladmin ping || exit 1", 0],
  ];
  for (const [text, count] of cases) {
    const files = { "compose.yml": probe(text) };
    assert.equal(said("probe-cannot-succeed", files).length, count, text);
  }
});

test("the stage that Compose names as target is the one whose programs count", () => {
  const dockerfile = [
    "FROM node:24-alpine AS base",
    "FROM base AS tools",
    "RUN apk add curl",
    "FROM base",
    'CMD ["node", "main.js"]',
  ].join("\n");
  const files = (target: string) => ({
    "compose.yml": compose(
      `  api:\n    build: { context: ., target: ${target} }`,
      "    healthcheck: { test: curl localhost }",
    ),
    Dockerfile: dockerfile,
  });
  assert.equal(said("probe-cannot-succeed", files("tools")).length, 0);
  assert.equal(said("probe-cannot-succeed", files("base")).length, 1);
});

test("a Secret that only root reads stops a pod that must not be root", () => {
  const pod = (context: string, mode: string) =>
    [
      "apiVersion: v1",
      "kind: Pod",
      "metadata: { name: api }",
      "spec:",
      `  securityContext: { ${context} }`,
      "  containers: [{ name: api, image: a:1 }]",
      "  volumes:",
      "    - name: keys",
      `      secret: { secretName: keys, defaultMode: ${mode} }`,
    ].join("\n");
  const rule = "volume-not-writable";
  assert.equal(said(rule, { "pod.yaml": pod("runAsNonRoot: true", "0400") }).length, 1);
  assert.equal(said(rule, { "pod.yaml": pod("runAsUser: 0", "0400") }).length, 0);
  assert.equal(said(rule, { "pod.yaml": pod("runAsUser: 7", "0444") }).length, 0);
  assert.equal(said(rule, { "pod.yaml": pod("runAsUser: 7, fsGroup: 7", "0400") }).length, 0);
});

test("a registry in a variable is none of Docker Hub", () => {
  const files = (image: string, script: string) => ({
    "k8s/api.yaml": [
      "apiVersion: v1",
      "kind: Pod",
      "metadata: { name: api }",
      `spec: { containers: [{ name: api, image: '${image}' }] }`,
    ].join("\n"),
    "release.sh": `#!/bin/bash\n${script}\nkubectl apply -f k8s/\n`,
  });
  const rule = "image-ref-mismatch";
  const push = 'docker push "$REGISTRY/shop/api:$TAG"';
  assert.deepEqual(lines(rule, files("shop/api:1", push)), ["error 4,2"]);
  assert.deepEqual(lines(rule, files("registry.example.com/shop/api:1", push)), []);
  const constant = `REGISTRY=registry.example.com\n${push}`;
  assert.deepEqual(lines(rule, files("other.example.com/shop/api:1", constant)), ["error 4,3"]);
  assert.deepEqual(lines(rule, files("redis:7.4", push)), []);
});

test("a password in a mounted file, in an ACL or unknown is not called missing", () => {
  const text = (extra: string) =>
    compose(`  cache:\n    image: redis:7.4\n    ports: ['6379:6379']\n${extra}`);
  const rule = "datastore-published";
  const open = (files: Files) => said(rule, files).some(({ severity }) => severity === "error");
  assert.ok(open({ "compose.prod.yml": text("") }));
  const mounted = text(
    "    volumes: ['./redis.conf:/redis.conf']\n    command: redis-server /redis.conf",
  );
  const secured = { "compose.prod.yml": mounted, "redis.conf": "requirepass x\n" };
  assert.ok(!open(secured));
  assert.ok(!open({ "compose.prod.yml": mounted }));
  assert.ok(open({ ...secured, "redis.conf": "maxmemory 1gb\n" }));
});

test("no secret's value is ever said", () => {
  const files = {
    "compose.prod.yml": compose(
      "  cache:\n    image: redis:7.4\n    environment: { REDIS_PASSWORD: hunter2 }",
      "    ports: ['6379:6379']",
    ),
    ".env.production": "SECRET_KEY=$(cat hunter2)\nPASSWORD=hunter2 # hunter2\n",
  };
  const rules = CONTAINERS_RULES.map(({ name }) => name);
  const found = checkFiles(treeOf(files)).filter(({ rule }) => rules.includes(rule));
  assert.ok(found.length > 2);
  for (const { message, why, fix } of found) {
    assert.doesNotMatch(`${message}${why}${fix}`, /hunter2/);
  }
});

test("a truncated file never throws, wherever it ends", () => {
  const whole = compose(
    `${MYSQL}\n    command: --innodb-buffer-pool-size=1G --max-connections=900`,
    "    mem_limit: 1g\n    deploy: { replicas: 3 }\n    ports: ['3306:3306']",
    "  api:\n    build: { context: ., target: x }\n    healthcheck: { test: [CMD, curl, a] }",
  );
  const dockerfile = 'FROM node:24 AS a\nCOPY --from=a /x /y\nHEALTHCHECK CMD ["curl", "a"]\n';
  for (let end = 0; end < whole.length; end += 7) {
    checkFiles(
      treeOf({
        "compose.yml": whole.slice(0, end),
        Dockerfile: dockerfile.slice(0, end % dockerfile.length),
      }),
    );
  }
});

test("one instruction of a megabyte is judged by its beginning", { timeout: 20_000 }, () => {
  const files = {
    Dockerfile: `FROM node:24\nRUN ${"npm ci ".repeat(150_000)}\nRUN npm run build\n`,
    "package.json": '{"scripts":{"build":"tsc"},"devDependencies":{"typescript":"5"}}',
  };
  assert.deepEqual(said("dockerfile-cannot-build", files), []);
});
