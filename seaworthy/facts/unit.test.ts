import assert from "node:assert/strict";
import { test } from "node:test";
import type { SourceFile, Tree } from "./source.ts";
import { survey, type Unit } from "./unit.ts";

function treeOf(files: Readonly<Record<string, string>>, more: Partial<Tree> = {}): Tree {
  const sources = Object.entries(files).map(([path, text]): SourceFile => ({ path, text }));
  const has = (path: string) => path in files;
  const tree = { files: sources, has, isIgnored: () => false, unread: [], guide: undefined };
  return { ...tree, ...more };
}

function unitsOf(files: Readonly<Record<string, string>>): readonly Unit[] {
  return survey(treeOf(files)).units;
}

function only(files: Readonly<Record<string, string>>, more: Partial<Tree> = {}): Unit {
  const { units } = survey(treeOf(files, more));
  assert.equal(units.length, 1);
  const [unit] = units;
  assert.ok(unit);
  return unit;
}

const compose = (...services: readonly string[]) =>
  `services:\n${services.map((name) => `  ${name}:\n    image: shop/${name}\n`).join("")}`;
const change = (name: string) => `services:\n  ${name}:\n    restart: always\n`;
const deployment = (name: string, namespace = "shop") =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\n` +
  `spec:\n  template:\n    metadata:\n      labels: {app: ${name}}\n` +
  `    spec:\n      containers:\n        - name: ${name}\n          image: shop/${name}\n`;
const service = (name: string, namespace = "shop") =>
  `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\n` +
  `spec:\n  selector: {app: ${name}}\n  ports:\n    - port: 80\n`;
const prometheus =
  "scrape_configs:\n  - job_name: a\n    static_configs:\n      - targets: [a:1]\n";

const pathsOf = ({ documents }: Unit) => documents.all.map(({ file }) => file.path).toSorted();
const namesOf = (units: readonly Unit[]) => units.map(({ name }) => name);

test("a base and its override are one unit, and the tree with them", () => {
  const unit = only({
    "docker-compose.yml": compose("api"),
    "docker-compose.override.yml": change("api"),
    "deploy/backup.sh": "#!/bin/sh\nls\n",
  });
  assert.equal(unit.name, "docker-compose.yml + docker-compose.override.yml");
  assert.equal(unit.documents.all.length, 3);
});

test("environments are units of their own, and neither answers for the other", () => {
  const units = unitsOf({
    "docker-compose.yml": compose("api"),
    "docker-compose.dev.yml": `${change("api")}  mail:\n    image: mail\n`,
    "docker-compose.prod.yml": change("api"),
    ".env.production": "A=1\nB=2\n",
  });
  assert.deepEqual(namesOf(units), [
    "docker-compose.yml + docker-compose.dev.yml",
    "docker-compose.yml + docker-compose.prod.yml",
  ]);
  const [dev, prod] = units;
  assert.equal(dev?.resolve("mail").state, "component");
  assert.equal(prod?.resolve("mail").state, "missing");
  assert.ok(prod && pathsOf(prod).includes(".env.production"));
  assert.ok(dev && !pathsOf(dev).includes(".env.production"));
});

test("files of one folder without a service in common run side by side", () => {
  const unit = only({
    "docker-compose.yml": compose("api", "db"),
    "docker-compose.monitoring.yml": compose("prometheus"),
  });
  assert.equal(unit.name, "docker-compose.yml");
  assert.equal(unit.resolve("db").state, "component");
});

test("two whole variants share what stands beside them", () => {
  const units = unitsOf({
    "prod.yml": compose("api", "db"),
    "dev.yml": compose("api"),
    "monitoring.yml": compose("prometheus"),
  });
  assert.deepEqual(units.map(pathsOf), [
    ["monitoring.yml", "prod.yml"],
    ["dev.yml", "monitoring.yml"],
  ]);
});

test("a test's file beside the system makes no unit of the system disappear", () => {
  const units = unitsOf({
    "compose.yml": compose("api", "db", "cache"),
    "compose.test.yml": compose("browser"),
  });
  assert.deepEqual(units.map(pathsOf), [["compose.yml"], ["compose.test.yml", "compose.yml"]]);
});

test("one command, one external network or an include join folders", () => {
  const apart = { "app/compose.yml": compose("api"), "ops/compose.yml": compose("prometheus") };
  assert.equal(unitsOf(apart).length, 2);
  only({
    ...apart,
    "up.sh": "#!/bin/sh\ndocker compose -f app/compose.yml -f ops/compose.yml up\n",
  });
  const edge = "networks:\n  edge:\n    external: true\n";
  const unit = only({
    "app/compose.yml": `${compose("api")}${edge}`,
    "ops/compose.yml": `${compose("prometheus")}${edge}`,
  });
  assert.deepEqual(unit.openEdges, []);
  only({
    "app/compose.yml": `include:\n  - ../ops/compose.yml\n${compose("api")}`,
    "ops/compose.yml": compose("prometheus"),
  });
});

test("a kustomize overlay is one unit with its base, another overlay another", () => {
  const units = unitsOf({
    "k8s/base/kustomization.yaml": "resources:\n  - api.yaml\n",
    "k8s/base/api.yaml": deployment("api"),
    "k8s/overlays/dev/kustomization.yaml": "resources:\n  - ../../base\n  - mail.yaml\n",
    "k8s/overlays/dev/mail.yaml": `${deployment("mail")}---\n${service("mail")}`,
    "k8s/overlays/prod/kustomization.yaml": "resources:\n  - ../../base\n",
  });
  assert.deepEqual(namesOf(units), ["k8s/overlays/dev", "k8s/overlays/prod"]);
  assert.equal(units[0]?.resolve("mail").state, "name");
  assert.equal(units[1]?.resolve("mail").state, "missing");
  assert.ok(units[1] && pathsOf(units[1]).includes("k8s/base/api.yaml"));
});

test("folders of manifests are one cluster, a second definition is a variant", () => {
  only({ "k8s/api.yaml": deployment("api"), "monitoring/p.yaml": deployment("prometheus") });
  const units = unitsOf({
    "k8s/one/api.yaml": deployment("api"),
    "k8s/all-in-one.yaml": `${deployment("api")}---\n${deployment("db")}`,
  });
  assert.equal(units.length, 2);
});

test("what something mounts joins its unit, the rest the nearest", () => {
  const units = unitsOf({
    "a/compose.yml": `${compose("api")}    volumes:\n      - ../shared/p.yml:/p.yml\n`,
    "b/compose.yml": compose("api"),
    "shared/p.yml": prometheus,
    "b/backup.sh": "#!/bin/sh\nls\n",
  });
  assert.deepEqual(units.map(pathsOf), [
    ["a/compose.yml", "shared/p.yml"],
    ["b/backup.sh", "b/compose.yml"],
  ]);
});

test("a tree that deploys nothing is one unit, and so is a guide", () => {
  assert.equal(only({ "backup.sh": "#!/bin/sh\nls\n" }).name, ".");
  const guide = only(
    { "g.md": "# x", "dev.yml": compose("api"), "prod.yml": compose("api") },
    { guide: "g.md" },
  );
  assert.equal(guide.name, "g.md");
});

function consumer(files: Readonly<Record<string, string>>, path: string, guide?: string) {
  const unit = only(files, { guide });
  const document = unit.documents.all.find(({ file }) => file.path === path);
  assert.ok(document, `${path} was not read`);
  const place = unit.consumerOf(document);
  return place === undefined ? undefined : `${place.file}:${String(place.line)}`;
}

test("a document's consumer is what mounts, copies or applies it", () => {
  const base = { "compose.yml": compose("api"), "ops/p.yml": prometheus };
  assert.equal(consumer(base, "ops/p.yml"), undefined);
  const mount = (line: string) => ({ ...base, "compose.yml": `${compose("api")}${line}` });
  const volumes = "    volumes:\n      - ";
  assert.equal(consumer(mount(`${volumes}./ops/p.yml:/p.yml\n`), "ops/p.yml"), "compose.yml:5");
  assert.equal(consumer(mount(`${volumes}./ops:/etc/ops\n`), "ops/p.yml"), "compose.yml:5");
  assert.equal(consumer(mount(`${volumes}.:/app\n`), "ops/p.yml"), undefined);
  assert.equal(consumer(mount("    build: ./ops\n"), "ops/p.yml"), undefined);
  const copied = {
    ...mount("    build: .\n"),
    Dockerfile: "FROM prom/prometheus\nCOPY ops/p.yml /etc/prometheus/\n",
  };
  assert.equal(consumer(copied, "ops/p.yml"), "Dockerfile:2");
  const all = { ...copied, Dockerfile: "FROM debian\nCOPY . .\nRUN make\n" };
  assert.equal(consumer(all, "ops/p.yml"), undefined);
  const script = { ...base, "up.sh": "#!/bin/sh\ncat ops/p.yml\nsudo cp ops/p.yml /etc/\n" };
  assert.equal(consumer(script, "ops/p.yml"), "up.sh:3");
  assert.equal(consumer(base, "compose.yml"), "compose.yml:2");
});

test("in a guide a mount means the block of that name, wherever it is laid out", () => {
  const files = {
    "compose.yml": `${compose("p")}    volumes:\n      - ./conf/x/p.yml:/etc/p.yml\n`,
    "p.yml": prometheus,
  };
  assert.equal(consumer(files, "p.yml"), undefined);
  assert.equal(consumer(files, "p.yml", "guide.md"), "compose.yml:5");
});

const EDGES: Readonly<Record<string, readonly [Readonly<Record<string, string>>, RegExp]>> = {
  "an external network": [
    { "compose.yml": `${compose("a")}networks:\n  proxy:\n    external: true\n` },
    /^external network "proxy"$/,
  ],
  "a remote include": [
    { "compose.yml": `include:\n  - oci://example/x\n${compose("a")}` },
    /^include oci/,
  ],
  "a remote base": [
    { "kustomization.yaml": "resources:\n  - https://example.com/base?ref=v1\n" },
    /^remote base https/,
  ],
  "a chart's dependency": [
    {
      "Chart.yaml": "name: a\nversion: 1.0.0\ndependencies:\n  - name: redis\n    version: 1.0.0\n",
    },
    /^Helm chart redis$/,
  ],
  "a release beside manifests": [
    { "a.yaml": deployment("a"), "up.sh": "#!/bin/sh\nhelm upgrade prom prometheus/stack\n" },
    /^Helm release prom$/,
  ],
};

for (const [what, [files, because]] of Object.entries(EDGES)) {
  test(`${what} is an open edge`, () => {
    const { openEdges } = only(files);
    assert.match(openEdges[0]?.because ?? "none", because);
  });
}

test("an unread file is an open edge where it could define something", () => {
  const edges = (path: string) =>
    only({ "compose.yml": compose("a") }, { unread: [{ path, because: "x" }] }).openEdges.length;
  assert.equal(edges("more.yml"), 1);
  assert.equal(edges("."), 1);
  assert.equal(edges("film.mp4"), 0);
});

test("names resolve as the engines resolve them", () => {
  const unit = only({
    "compose.yml":
      "services:\n  api:\n    image: a\n    container_name: shop-api\n" +
      "    extra_hosts:\n      - mainframe:10.0.0.9\n  cache-2:\n    image: b\n",
  });
  const state = (host: string) => unit.resolve(host).state;
  for (const host of ["api", "API", "shop-api", "tasks.api", "api."]) {
    assert.equal(state(host), "component", host);
  }
  // The engine's own name, whatever the project is called; not of what has a name of its own.
  assert.equal(state("any_cache-2_1"), "component");
  assert.equal(state("any-cache-2-13"), "component");
  assert.equal(state("any-api-1"), "missing");
  assert.equal(state("mainframe"), "name");
  for (const host of [
    ...["localhost", "127.0.0.1", "::1", "[fe80::1]", "host.docker.internal", "169.254.169.254"],
    ...["kubernetes.default.svc", "metadata.google.internal", "api.example.com", "db.corp.local"],
    ...["${DB_HOST}", "<your-host>", "{{ .Values.host }}", ""],
  ]) {
    assert.equal(state(host), "outside", host);
  }
  assert.deepEqual(unit.resolve("apii"), { state: "missing", nearest: "api" });
  assert.deepEqual(unit.resolve("warehouse"), { state: "missing", nearest: undefined });
});

test("a cluster's names have namespaces", () => {
  const unit = only({
    "a.yaml": `${deployment("api")}---\n${service("api")}---\n${service("db", "data")}`,
  });
  for (const host of ["api", "api.shop", "api.shop.svc", "api.shop.svc.cluster.local", "db-0.db"]) {
    assert.equal(unit.resolve(host).state, "name", host);
  }
  assert.deepEqual(unit.resolve("db", { namespace: "shop" }), {
    state: "missing",
    nearest: "db.data",
  });
  assert.equal(unit.resolve("db.data", { namespace: "shop" }).state, "name");
  assert.equal(unit.resolve("gone.shop").state, "missing");
  assert.equal(unit.resolve("gone.elsewhere.svc").state, "missing");
  assert.equal(unit.resolve("gone.example").state, "outside");
});
