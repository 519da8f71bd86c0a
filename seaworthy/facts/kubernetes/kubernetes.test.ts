import assert from "node:assert/strict";
import { test } from "node:test";
import { documentsOf, factsOf, readDocument, type Facts } from "../facts.ts";
import type { Document } from "../document.ts";
import type { Tree } from "../source.ts";
import { nestedFiles } from "./nested.ts";
import { objectsOf } from "./objects.ts";
import { kubernetesOpenEdges } from "./open-edges.ts";

function treeOf(files: Readonly<Record<string, string>>): Tree {
  return {
    files: Object.entries(files).map(([path, text]) => ({ path, text })),
    has: (path) => path in files,
    isIgnored: () => false,
    unread: [],
    guide: undefined,
  };
}

function documentsIn(files: Readonly<Record<string, string>>) {
  const tree = treeOf(files);
  const all = tree.files.flatMap((file): readonly Document[] => {
    const document = readDocument(file);
    return document === undefined ? [] : [document];
  });
  return documentsOf(all, tree);
}

function factsIn(files: Readonly<Record<string, string>>): Facts {
  return factsOf(documentsIn(files));
}

const SHOP = `apiVersion: v1
kind: ConfigMap
metadata:
  name: shop
data:
  DB_HOST: db
  application.yml: |
    cache:
      url: redis://cache:6379/0
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata:
      labels: {app: shop}
    spec:
      terminationGracePeriodSeconds: 45
      containers:
        - name: web
          image: registry.example.com/shop:1.4
          ports: [{containerPort: 8080, name: http}]
          envFrom: [{configMapRef: {name: shop}}]
          env:
            - name: PAY_URL
              value: https://pay.example.com/v1
            - name: TOKEN
              valueFrom: {secretKeyRef: {name: shop, key: token}}
          livenessProbe:
            httpGet: {path: /live, port: http}
            periodSeconds: 5
          volumeMounts:
            - {name: settings, mountPath: /etc/shop}
      volumes:
        - {name: settings, configMap: {name: shop}}
---
apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  selector: {app: shop}
  ports: [{port: 80, targetPort: http}]
`;

test("a pod's container is a component with what it is given", () => {
  const [web] = factsIn({ "shop.yaml": SHOP }).of("component");
  assert.equal(web?.name, "shop");
  assert.equal(web.container, "web");
  assert.equal(web.replicas?.value, 2);
  assert.equal(web.stopGraceMs?.value, 45_000);
  assert.equal(web.environment.get("DB_HOST")?.value, "db");
  assert.deepEqual(web.environment.get("TOKEN")?.from, {
    kind: "secret",
    name: "shop",
    key: "token",
  });
  assert.deepEqual(web.probes[0]?.check, { type: "http", path: "/live", port: "http" });
  assert.deepEqual(
    web.mounts.map(({ type, source, target }) => [type, source, target]),
    [["config-map", "shop", "/etc/shop"]],
  );
});

test("a Service is a name for the workloads that it selects", () => {
  const [service] = factsIn({ "shop.yaml": SHOP }).of("host-name");
  assert.deepEqual(service?.components, ["shop"]);
  assert.deepEqual(service?.ports, [{ port: 80, to: "http" }]);
});

test("hosts in variables and in ConfigMaps are calls, each with its line", () => {
  const calls = factsIn({ "shop.yaml": SHOP }).of("call");
  assert.deepEqual(
    calls.map(({ host, port, component, at }) => [host, port, component, at.line]),
    [
      ["pay.example.com", undefined, "shop", 30],
      ["db", undefined, "shop", 6],
      ["cache", 6379, "shop", 9],
    ],
  );
});

test("a file inside a ConfigMap knows where its lines stand", () => {
  const [manifest] = documentsIn({ "k8s/shop.yaml": SHOP }).of("manifest");
  assert.ok(manifest !== undefined);
  const [nested] = nestedFiles(manifest);
  assert.equal(nested?.path, "k8s/shop.yaml/shop/application.yml");
  assert.deepEqual(nested.origin?.(2), { file: "k8s/shop.yaml", line: 9 });
});

test("kustomize gives its namespace, hides patches and says what is remote", () => {
  const documents = documentsIn({
    "base/kustomization.yaml": "resources: [shop.yaml]\n",
    "base/shop.yaml": SHOP,
    "prod/kustomization.yaml":
      "namespace: prod\nresources:\n  - ../base\n  - https://example.com/x.yaml\n" +
      "patches:\n  - path: more.yaml\n",
    "prod/more.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\n",
  });
  const objects = objectsOf(documents);
  assert.deepEqual(
    objects.map(({ kind, namespace }) => [kind, namespace]),
    [
      ["ConfigMap", "prod"],
      ["Deployment", "prod"],
      ["Service", "prod"],
    ],
  );
  const edges = kubernetesOpenEdges(documents);
  assert.deepEqual(
    edges.map(({ because, at }) => [because, at.line]),
    [["https://example.com/x.yaml", 4]],
  );
});

test("a chart's template is read with the values that stand there, lines kept", () => {
  const documents = documentsIn({
    "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "chart/values.yaml": "image:\n  name: registry.example.com/shop\nport: 8080\n",
    "chart/templates/web.yaml": `{{- if .Values.on }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "shop.fullname" . }}
spec:
  template:
    metadata:
      labels:
        {{- include "shop.labels" . | nindent 8 }}
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.name }}:{{ .Values.tag }}"
          ports:
            - containerPort: {{ .Values.port }}
{{- end }}
`,
  });
  const [web] = factsOf(documents).of("component");
  assert.equal(web?.container, "shop");
  assert.equal(web.ports[0]?.port, 8080);
  assert.equal(web.ports[0]?.at.line, 16);
  assert.equal(web.image, undefined);
});

test("broken, cyclic and deep input is survived", () => {
  const head = "apiVersion: v1\nkind: ConfigMap\n";
  const texts = [
    `${head}metadata: {name: [`,
    `${head}data: &a\n  self: *a\n`,
    `${head}data: ${"{a: ".repeat(400)}`,
    "apiVersion: v1\nkind: List\nitems: 3\n",
    `${head}data:\n  x: "${"a:1,".repeat(100_000)}"\n`,
    "kustomization\n",
  ];
  for (const text of texts) assert.doesNotThrow(() => factsIn({ "kustomization.yaml": text }));
  for (const text of texts) assert.doesNotThrow(() => factsIn({ "a.yaml": text }));
});

test("a manifest that is no YAML is a problem, unless it is a template", () => {
  const head = "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n";
  const [broken] = documentsIn({ "a.yaml": `${head}spec: "unclosed\n` }).of("manifest");
  assert.equal(broken?.problems.length, 1);
  const [jinja] = documentsIn({ "a.yaml": `${head}{% if x %}\nspec: "a\n` }).of("manifest");
  assert.deepEqual(jinja?.problems ?? [], []);
});
