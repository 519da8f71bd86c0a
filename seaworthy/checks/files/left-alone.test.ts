import assert from "node:assert/strict";
import { test } from "node:test";
import { treeOf } from "./example.fixture.ts";
import { checkFiles } from "./files.ts";

type Files = Readonly<Record<string, string>>;

/** Errors and warnings of one rule. */
function loud(rule: string, files: Files): readonly string[] {
  return checkFiles(treeOf(files))
    .filter((finding) => finding.rule === rule && finding.severity !== "note")
    .map(({ severity, message }) => `${severity} ${message}`);
}

/** Both trees differ in what the name of the test says, so that neither half can pass alone. */
function apart(
  rule: string,
  what: string,
  trees: { readonly faulty: Files; readonly well: Files },
) {
  test(`${rule}: ${what}`, () => {
    assert.notDeepEqual(loud(rule, trees.faulty), [], "the faulty twin is not caught");
    assert.deepEqual(loud(rule, trees.well), []);
  });
}

const COMPOSE = "docker-compose.yml";
const APP = "  app:\n    image: registry.example.com/app:1.4.2\n";
const BASE = { [COMPOSE]: `services:\n${APP}` };
const HERE = { [COMPOSE]: "services:\n  edge:\n    build: .\n" };
const SERVED =
  "upstream app { server 127.0.0.1:5000; }\n" +
  "server { listen 80; location / { proxy_pass http://app; } }\n";
const EDGE = "FROM nginx:1.29\nCOPY site.conf /etc/nginx/conf.d/default.conf\n";

apart("upstream-nobody-listens", "an image may start the application beside the proxy", {
  faulty: { ...HERE, "site.conf": SERVED, Dockerfile: EDGE },
  well: { ...HERE, "site.conf": SERVED, Dockerfile: `${EDGE}CMD ["supervisord", "-n"]\n` },
});

apart("upstream-nobody-listens", "what a script installs is the proxy of a host", {
  faulty: { ...HERE, "site.conf": SERVED, Dockerfile: EDGE },
  well: {
    ...BASE,
    "site.conf": SERVED,
    "setup.sh": "#!/bin/sh\ncp site.conf /etc/nginx/conf.d/\n",
  },
});

const ASKING = "#!/bin/sh\nuntil redis-cli -h cache ping; do sleep 1; done\n";
const CACHE = { [COMPOSE]: "services:\n  cache:\n    image: redis:8.2.1\n" };

apart("upstream-nobody-listens", "a script of an image knows the containers' names", {
  faulty: { ...CACHE, "image/wait.sh": ASKING },
  well: { ...CACHE, "image/wait.sh": ASKING, "image/Dockerfile": "FROM a:1\nCOPY wait.sh /\n" },
});

const OVERLAY = "services:\n  app:\n    mem_limit: 512m\n";

apart("config-never-loaded", "an overlay is taken by a name that a script puts together", {
  faulty: { ...BASE, "ci/low-memory.yaml": OVERLAY },
  well: { ...BASE, "ci/low-memory.yaml": OVERLAY, "ci/run.sh": "up $(overlay low-memory)\n" },
});

apart("config-never-loaded", "an overlay is shown in a page, or is to be copied first", {
  faulty: { ...BASE, "proxy/compose.edge.yml": OVERLAY },
  well: {
    ...BASE,
    "proxy/compose.edge.yml": OVERLAY,
    "proxy/README.md": "docker compose -f docker-compose.yml -f proxy/compose.edge.yml up\n",
    "compose.extra.yml.example": OVERLAY,
  },
});

const BUILT = { [COMPOSE]: "services:\n  app:\n    build: ./app\n    environment: { TZ: UTC }\n" };
const READS = 'import os\n\nregion = os.environ["REGION"]\n';
const TRIES =
  'import os\ntry:\n    region = os.environ["REGION"]\nexcept KeyError:\n    region = ""\n';

apart("env-var-not-delivered", "a program may try whether it is given a variable", {
  faulty: { ...BUILT, "app/main.py": READS },
  well: { ...BUILT, "app/main.py": TRIES, ".github/notes.py": READS },
});

const PROFILE = "spring:\n  datasource:\n    password: ${DATASOURCE_PASSWORD}\n";

apart("env-var-not-delivered", "a cluster's profile is not read under Compose", {
  faulty: { ...BUILT, "app/src/main/resources/application.yml": PROFILE },
  well: { ...BUILT, "app/src/main/resources/application-kubernetes.yml": PROFILE },
});

const HEALTH = "location /health { return 200 ok; }\n";
const API = "location /api/ { proxy_pass http://app:8080; }\n";

apart("static-health-answer", "a server of pages speaks for itself", {
  faulty: { ...BASE, "nginx.conf": `server { listen 80; ${HEALTH}${API} }\n` },
  well: {
    ...BASE,
    "nginx.conf": `server { listen 80; ${HEALTH}${API}location / { try_files $uri /i.html; } }\n`,
  },
});

const CI = (options: string): Files => ({
  Dockerfile: `FROM node:24\nCOPY . .\nRUN npm ci ${options}\nRUN npm run build\n`,
  "package.json": '{"scripts":{"build":"tsc"},"devDependencies":{"typescript":"5.9.2"}}',
});

apart("dockerfile-cannot-build", "--production=false installs everything", {
  faulty: CI("--production"),
  well: CI("--production=false"),
});

const GRADLE = (task: string): Files => ({
  "build.gradle": "plugins { id 'java' }\n",
  Dockerfile: [
    "FROM gradle:8 AS build\nCOPY . .",
    `RUN ./gradlew clean ${task}`,
    "FROM eclipse-temurin:21\nCOPY --from=build /app/build/libs/*.jar app.jar\n",
  ].join("\n"),
});

apart("dockerfile-cannot-build", "bootJar makes one jar", {
  faulty: GRADLE("build"),
  well: GRADLE("bootJar"),
});

const LUA = "content_by_lua_block { ngx.say('a') local t = { up = \"yes\" } -- don't }\n }";

test("native-config-invalid: a program in a block of Lua is not read as directives", () => {
  const read = (block: string): readonly string[] =>
    loud("native-config-invalid", {
      "nginx.conf": `server { listen 80; location / { ${block} } }\n`,
    }).filter((said) => said.startsWith("error"));
  assert.deepEqual(read(LUA), []);
  assert.notDeepEqual(read(LUA.replace("content_by_lua_block", "if ($a)")), []);
});

const ROTATED = "/var/log/shop/*.log {\n  daily\n  create 0640 shop shop\n}\n";

apart("native-config-invalid", "the user of a service is a user of the host", {
  faulty: { "logrotate.d/shop": ROTATED },
  well: { "logrotate.d/shop": ROTATED, "shop.service": "[Service]\nUser=shop\n" },
});

const CLUSTER = (name: string, namespace: string): string =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name}, namespace: ${namespace} }\n` +
  "spec:\n  ports: [{ port: 80 }]\n";
const POD = (variable: string, value: string): string =>
  "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: shop, namespace: shop }\nspec:\n" +
  "  selector: { matchLabels: { app: shop } }\n  template:\n" +
  "    metadata: { labels: { app: shop } }\n    spec:\n      containers:\n" +
  "        - name: shop\n          image: a/shop:1\n          env:\n" +
  `            - { name: ${variable}, value: "${value}" }\n`;

apart("k8s-reference-missing", "traces are sent on the side, buckets are no hosts", {
  faulty: { "k8s/shop.yaml": POD("DATABASE_URL", "postgres://orders-db:5432/shop") },
  well: {
    "k8s/shop.yaml": POD("JAEGER_AGENT_HOST", "jaeger.default.svc.cluster.local"),
    "k8s/copy.yaml": POD("BACKUP_URL", "s3://shop-backups/database"),
  },
});

apart("k8s-reference-missing", "a full name is looked up in the whole tree", {
  faulty: { "k8s/shop.yaml": POD("STOCK_URL", "http://stock.store.svc:80") },
  well: {
    "k8s/shop.yaml": POD("STOCK_URL", "http://stock.store.svc:80"),
    "k8s/stock.yaml": CLUSTER("stock", "store"),
  },
});

const DSN = "DATABASE_URL=postgresql://shop:$PASSWORD@db:5432/shop_live";
const DATABASE = {
  [COMPOSE]: "services:\n  db:\n    image: postgres:17\n    environment: { POSTGRES_DB: shop }\n",
};

apart("database-name-mismatch", "the file that names a database also makes it", {
  faulty: { ...DATABASE, ".env.production": `${DSN}\n` },
  well: { ...DATABASE, ".env.production": `${DSN}\nPOSTGRES_DB=shop_live\n` },
});

const SAVES = "#!/bin/sh\nset -e\ntar -czf /srv/backups/files-$(date +%F).tgz /srv/files\n";

apart("restore-does-not-cover-backup", "the caller may name the archive", {
  faulty: {
    "backup.sh": SAVES,
    "restore.sh": "#!/bin/sh\npsql shop < /srv/backups/shop.sql\n",
  },
  well: { "backup.sh": SAVES, "restore.sh": '#!/bin/sh\ntar -xzf "$1" -C /\n' },
});

const PUT_BACK = 'restore_all() {\n  gunzip -c "$1" | psql shop\n}\n';

apart("restore-unsafe-order", "what another function clears up is not taken from the restore", {
  faulty: { "restore.sh": `#!/bin/bash\nset -e\ndropdb shop\n${PUT_BACK}restore_all "$1"\n` },
  well: {
    "restore.sh":
      "#!/bin/bash\nset -e\ntidy() {\n  dropdb scratch\n}\n" +
      `${PUT_BACK}tidy\nrestore_all "$1"\n`,
  },
});

const DUMP = (file: string): string => `pg_dump shop > ${file}\n`;

apart("backup-unbounded", "a folder of mktemp goes with its run", {
  faulty: { "backup.sh": `#!/bin/sh\n${DUMP('"/srv/backups/shop-$(date +%F).sql"')}` },
  well: {
    "backup.sh":
      "#!/bin/sh\nwork=$(mktemp -d)\ntrap 'rm -rf $work' EXIT\n" + DUMP('"$work/shop.sql"'),
  },
});

const NIGHTLY = "#!/bin/sh\npg_dump shop | gzip > /srv/backups/shop.sql.gz\n";

apart("backup-same-host", "an installer writes the script that carries the copies off", {
  faulty: { "backup.sh": NIGHTLY },
  well: {
    "backup.sh": NIGHTLY,
    "install-copy.sh":
      "#!/bin/sh\ncat > /usr/local/bin/copy <<E\nrclone sync /srv/backups off:\nE\n",
  },
});

apart("script-references-missing", "a definition counts also behind a quote that is hard to read", {
  faulty: { "run.sh": "#!/bin/bash\nset_limits\n" },
  well: {
    "run.sh": [
      "#!/bin/bash",
      'echo "known ( `ls | awk \'{ gsub(/x/, ""); print }\'`)"',
      "set_limits() {\n  ulimit -n 1024\n}",
      "set_limits\n",
    ].join("\n"),
  },
});

const PUBLISHED = {
  [COMPOSE]: `services:\n${APP}    ports: ["8443:8443"]\n  edge:\n    image: nginx:1.29\n`,
};
const TLS = (scheme: string): string =>
  "server {\n  listen 443 ssl;\n  ssl_certificate a.pem;\n  ssl_certificate_key a.key;\n" +
  `  location / { proxy_pass ${scheme}://app:8443; }\n}\n`;

apart("plain-http-served", "an application that speaks TLS itself is not in the clear", {
  faulty: { ...PUBLISHED, "nginx.conf": TLS("http") },
  well: { ...PUBLISHED, "nginx.conf": TLS("https") },
});

apart("native-config-invalid", "a template is not yet what nginx reads", {
  faulty: { "nginx.conf": "server { listen 80; location / { return 200 } }\n" },
  well: {
    "nginx.conf": "server { listen 80; {{ if .Env.X }} location / { return 200 } {{ end }} }\n",
  },
});

const SENDS = `${APP}  collector:\n    image: registry.example.com/otel-collector:1\n`;

apart("names-from-other-platform", "traces may be sent to nobody", {
  faulty: {
    [COMPOSE]: `services:\n${APP}  orders-db:\n    image: postgres:17\n`,
    "k8s/shop.yaml": POD("DATABASE_URL", "postgres://orders-db:5432/shop"),
  },
  well: {
    [COMPOSE]: `services:\n${SENDS}`,
    "k8s/shop.yaml": POD("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"),
  },
});

const CORE = "spring:\n  application: { name: shop }\njwt:\n  secret: ${SIGNING_SECRET:secret}\n";
const RUNS = (environment: string): Files => ({
  [COMPOSE]: `services:\n${APP}    environment: { ${environment} }\n`,
  "src/main/resources/application.yml": CORE,
});

test("default-or-placeholder-secret: a default that a container replaces opens no door", () => {
  const [open = ""] = loud("default-or-placeholder-secret", RUNS("TZ: UTC"));
  const [shut = ""] = loud("default-or-placeholder-secret", RUNS("SIGNING_SECRET: ${A:?}"));
  assert.match(open, /^error/);
  assert.match(shut, /^warning/);
});

const WATCHED = "services:\n  main:\n    image: bitnami/valkey:8.0\n    environment: { MODE: a }\n";
const SENTINEL = "  sentinel:\n    image: bitnami/valkey-sentinel:8.0\n";
const FOLLOWER =
  "  copy:\n    image: bitnami/valkey:8.0\n    environment: { VALKEY_REPLICATION_MODE: replica }\n";

apart("cluster-never-formed", "a variable of the image makes a replica too", {
  faulty: { [COMPOSE]: WATCHED + SENTINEL },
  well: { [COMPOSE]: WATCHED + FOLLOWER + SENTINEL },
});

const STATISTICS = "listen stats\n  bind *:8404\n  mode http\n  stats enable\n  stats uri /stats\n";
const PROXIED = (port: string): Files => ({
  "haproxy.cfg": STATISTICS,
  [COMPOSE]:
    "services:\n  edge:\n    image: haproxy:3.2\n" +
    `    ports: ["${port}"]\n    volumes: ["./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg"]\n`,
});

apart("admin-endpoint-public", "statistics that no published port leads to are inside", {
  faulty: PROXIED("8404:8404"),
  well: PROXIED("443:443"),
});

apart("database-name-mismatch", "a database of another deployment of the repository is one", {
  faulty: { ...DATABASE, ".env.production": `${DSN}\n` },
  well: {
    ...DATABASE,
    "docker-compose.prod.yml":
      "services:\n  db:\n    image: postgres:17\n    environment: { POSTGRES_DB: shop_live }\n",
    ".env.production": `${DSN}\n`,
  },
});

apart("config-never-loaded", "a script may choose the overlay when it runs", {
  faulty: { ...BASE, "compose.large.yml": OVERLAY },
  well: {
    ...BASE,
    "compose.large.yml": OVERLAY,
    "up.sh": "#!/bin/sh\ndocker compose -f docker-compose.yml -f compose.$SIZE.yml up\n",
  },
});

const SERVICES = "services:\n  api:\n    image: registry.example.com/api:1\n    restart: always\n";

apart("native-config-invalid", "values of a chart may have services of their own", {
  faulty: { [COMPOSE]: `global: { domain: a }\n${SERVICES}` },
  well: { "chart/values.yaml": `global: { domain: a }\n${SERVICES}` },
});

apart("native-config-invalid", "a text that speaks of a location is no proxy", {
  faulty: { "nginx.txt": "server { listen 80; location / { return 200 } }\n" },
  well: {
    "start.txt": "@rem the location { of the program\nlocation $HOME;\nroot /srv {\n}\necho\n",
  },
});

const INSIDE = (containers: string): string =>
  "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: shop }\nspec:\n" +
  "  selector: { matchLabels: { app: shop } }\n  template:\n" +
  "    metadata: { labels: { app: shop } }\n    spec:\n      containers:\n" +
  "        - name: edge\n          image: nginx:1.29\n          volumeMounts:\n" +
  "            - { name: edge, mountPath: /etc/nginx/conf.d }\n" +
  `${containers}      volumes: [{ name: edge, configMap: { name: edge } }]\n`;
const MAP =
  "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: edge }\ndata:\n  site.conf: |\n" +
  SERVED.replaceAll(/^(?=.)/gm, "    ");

apart("upstream-nobody-listens", "containers of one pod share its loopback", {
  faulty: { "k8s/edge.yaml": MAP, "k8s/shop.yaml": INSIDE("") },
  well: {
    "k8s/edge.yaml": MAP,
    "k8s/shop.yaml": INSIDE("        - { name: app, image: registry.example.com/app:1 }\n"),
  },
});

apart("native-config-invalid", "blocks of assignments are another language", {
  faulty: { "edge.conf": "server {\n  listen 80;\n  location / { return 200 }\n}\n" },
  well: {
    "akka.conf":
      'http {\n  interface = "0.0.0.0"\n  server_name = "a" \n  listen { port = 1 }\n}\n',
  },
});

const CACHED = (path: string): Files => ({
  "nginx.conf":
    `server {\n  listen 80;\n  location ${path} {\n    proxy_cache pages;\n` +
    "    proxy_cache_valid 200 5m;\n    proxy_pass http://127.0.0.1:5000;\n  }\n}\n",
});

apart("shared-cache-of-private-pages", "one path below an interface was chosen to be cached", {
  faulty: CACHED("/api/"),
  well: CACHED("/api/rest/settings"),
});

const UPSTREAM = {
  "mod/nginx/site.conf": "server { listen 80; location / { proxy_pass http://a:1; } }\n",
};

apart("upstream-nobody-listens", "a template that is not read may start whoever is asked", {
  faulty: { ...UPSTREAM, ...BASE },
  well: { ...UPSTREAM, "migrate.sh": "#!/bin/sh\ndocker run --rm alpine:3 true\n" },
});

const PARTS = "CREATE TABLE jobs (id int);\n";
const PART = "CREATE TABLE jobs_done PARTITION OF jobs FOR VALUES IN ('done');\n";

apart("sql-will-fail", "a later migration makes the table anew", {
  faulty: { "sql/1.sql": PARTS, "sql/2.sql": PART },
  well: {
    "sql/1.sql": PARTS,
    "sql/2.sql": `DROP TABLE jobs;\nCREATE TABLE jobs (id int) PARTITION BY LIST (id);\n${PART}`,
  },
});
