import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fact } from "../fact.ts";
import { documentsOf } from "../facts.ts";
import { applicationFacts, readApplications } from "./applications.ts";

const TREE = { files: [], has: () => false, isIgnored: () => false, unread: [], guide: undefined };

function factsIn(path: string, text: string): readonly Fact[] {
  const document = readApplications({ path, text });
  assert.ok(document !== undefined, path);
  return applicationFacts(documentsOf([document], TREE));
}

test("sql: what is created and granted, at its line", () => {
  const facts = factsIn(
    "init.sql",
    `-- first; not a statement
CREATE DATABASE shop; /* and
more */ CREATE USER app WITH PASSWORD 'a;b';
GRANT ALL ON DATABASE shop TO app;
CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql;
CREATE SCHEMA IF NOT EXISTS audit AUTHORIZATION app;
`,
  );
  const objects = facts.filter((fact) => fact.kind === "database-object");
  assert.deepEqual(
    objects.map(({ object, name, role, at }) => [object, name, role, at.line]),
    [
      ["database", "shop", undefined, 2],
      ["user", "app", undefined, 3],
      ["grant", "DATABASE shop", "app", 4],
      ["schema", "audit", "app", 6],
    ],
  );
});

test("spring: what it reads, whom it asks, what actuator serves", () => {
  const facts = factsIn(
    "application-prod.yml",
    `spring:
  datasource:
    url: jdbc:mysql://db:3306/shop?useSSL=false
  redis: { host: "\${CACHE_HOST:cache}" }
jwt: "\${JWT_SECRET}"
management:
  endpoints: { web: { exposure: { include: "health,info" } } }
`,
  );
  const reads = facts.filter((fact) => fact.kind === "environment-read");
  assert.deepEqual(
    reads.map(({ name, fallback }) => [name, fallback]),
    [
      ["CACHE_HOST", "cache"],
      ["JWT_SECRET", undefined],
    ],
  );
  const calls = facts.filter((fact) => fact.kind === "call");
  assert.deepEqual(
    calls.map(({ host, port }) => [host, port]),
    [
      ["db", 3306],
      ["cache", undefined],
    ],
  );
  const served = facts.filter((fact) => fact.kind === "served-path");
  assert.deepEqual(
    served.map(({ path }) => path),
    ["/actuator/health", "/actuator/info"],
  );
  const [use] = facts.filter((fact) => fact.kind === "database-use");
  assert.deepEqual([use?.host, use?.database], ["db", "shop"]);
});

test("source: a health handler that swallows an undefined name can only fail", () => {
  const handler = (head: string) => `${head}
@app.route("/health")
def health():
    checks = {"database": check_database()}
    return "", 200 if all(checks.values()) else 503

def check_database():
    try:
        db.session.execute("SELECT 1")
        return True
    except:
        return False
`;
  const status = (head: string) =>
    factsIn("app.py", handler(head))
      .filter((fact) => fact.kind === "served-path")
      .map(({ constantStatus, asks }) => [constantStatus, asks]);
  assert.deepEqual(status("import flask"), [[503, ["database"]]]);
  assert.deepEqual(status("from shop import db"), [[undefined, ["database"]]]);
});

test("source: routes, metrics and variables of each language", () => {
  const facts = [
    ...factsIn("src/server.ts", 'app.get("/ready", h);\nconst key = process.env.API_KEY;\n'),
    ...factsIn("app.py", 'ORDERS = Counter("orders_total", "x")\nos.environ["DSN"]\n'),
    ...factsIn(
      "A.java",
      '@RequestMapping("/api")\npublic class A {\n@GetMapping("/x")\n' +
        'void x() { registry.counter("shop.orders"); }\n}\n',
    ),
    ...factsIn("main.go", 'http.HandleFunc("/healthz", h)\nos.Getenv("PORT")\n'),
    ...factsIn("src/app/api/health/route.ts", "export async function GET() {}\n"),
  ];
  const router = 'r = APIRouter(tags=["a"], prefix="/api/")\n@r.get("/health")\ndef h(): pass\n';
  facts.push(...factsIn("r.py", router));
  const paths = facts.flatMap((fact) => (fact.kind === "served-path" ? fact.path : []));
  assert.deepEqual(paths, ["/ready", "/api/x", "/healthz", "/api/health", "/api/health"]);
  const metrics = facts.flatMap((fact) => (fact.kind === "metric-exported" ? fact.name : []));
  assert.deepEqual(metrics, ["orders_total", "shop_orders_total"]);
  const reads = facts.flatMap((fact) =>
    fact.kind === "environment-read" ? [[fact.name, fact.fallback]] : [],
  );
  assert.deepEqual(reads, [
    ["API_KEY", ""],
    ["DSN", undefined],
    ["PORT", ""],
  ]);
});

test("build files: names, versions, scripts", () => {
  const npm = readApplications({
    path: "package.json",
    text:
      '{"scripts":{"build":"x"},"dependencies":{"next":"15"},' +
      '"devDependencies":{"typescript":"5"}}',
  });
  assert.ok(npm?.kind === "application-manifest");
  assert.equal(npm.dependencies.get("typescript")?.development, true);
  assert.deepEqual([...npm.scripts.keys()], ["build"]);
  const maven = readApplications({
    path: "pom.xml",
    text:
      "<parent>\n<artifactId>spring-boot-starter-parent</artifactId>\n" +
      "<version>3.5.4</version>\n</parent>",
  });
  assert.ok(maven?.kind === "application-manifest");
  assert.equal(maven.dependencies.get("spring-boot-starter-parent")?.version, "3.5.4");
});

test("hostile text ends by itself", () => {
  for (const text of ["/*".repeat(500_000), "$a".repeat(500_000), "'".repeat(500_001)]) {
    assert.ok(readApplications({ path: "x.sql", text }) !== undefined);
  }
  factsIn("x.py", `Counter(${"(".repeat(300_000)}`);
});
