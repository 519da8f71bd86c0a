import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Files of one small system, as its repository has them. */
const FILES_OF_A_SYSTEM: Readonly<Record<string, (name: string) => string>> = {
  "docker-compose.yml": compose,
  Dockerfile: dockerfile,
  "src/server.js": server,
  "monitoring/prometheus.yml": prometheus,
  "monitoring/rules.yml": rules,
  "monitoring/alertmanager.yml": alertmanager,
  "nginx/site.conf": nginx,
  "scripts/backup.sh": backup,
  "k8s/deployment.yaml": kubernetes,
  ".github/workflows/deploy.yml": workflow,
};

/** Writes `count` files below `folder`: systems beside each other, ten files each. */
export async function writeTree(folder: string, count: number): Promise<void> {
  const files = Object.entries(FILES_OF_A_SYSTEM);
  for (let index = 0; index < count; index += 1) {
    const name = `shop${Math.floor(index / files.length)}`;
    const [path, make] = files[index % files.length] ?? [];
    if (path === undefined || make === undefined) continue;
    const place = join(folder, name, path);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, make(name));
  }
}

/** A guide of several files in one Markdown document, as long as the longest that we know. */
export function guideText(): string {
  return Array.from({ length: 4 }, (_, number) =>
    Object.entries(FILES_OF_A_SYSTEM).map(
      ([path, make]) =>
        `## ${path}\n\nCreate \`shop${number}/${path}\`:\n\n` +
        `\`\`\`\n${make(`shop${number}`)}\`\`\`\n`,
    ),
  )
    .flat()
    .join("\n");
}

function dockerfile(): string {
  return `FROM node:24-alpine
WORKDIR /app
COPY package*.json ./
RUN npm ci --omit=dev
COPY . .
USER node
EXPOSE 8080
HEALTHCHECK CMD wget -q --spider http://localhost:8080/health
CMD ["node", "src/server.js"]
`;
}

function server(name: string): string {
  return `import express from "express";
const app = express();
app.get("/health", (_, answer) => answer.send("ok"));
app.get("/${name}/orders", list);
const dsn = process.env.DATABASE_URL;
app.listen(process.env.PORT ?? 8080);
`;
}

function alertmanager(): string {
  return `route:
  receiver: ops
  group_by: [alertname]
receivers:
  - name: ops
    webhook_configs:
      - url: http://pager:8080/alert
`;
}

function backup(name: string): string {
  return `#!/bin/bash
set -euo pipefail
TARGET=/backup/${name}-$(date +%F).sql.gz
docker compose exec -T db pg_dump -U ${name} ${name} | gzip > "$TARGET"
gzip -t "$TARGET"
aws s3 cp "$TARGET" s3://backups/${name}/
find /backup -name '${name}-*.sql.gz' -mtime +30 -delete
`;
}

function workflow(name: string): string {
  return `on: { push: { branches: [main] } }
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: npm test
  deploy:
    needs: test
    runs-on: ubuntu-latest
    steps:
      - run: docker build -t registry.example.com/${name}:$GITHUB_SHA .
      - run: docker push registry.example.com/${name}:$GITHUB_SHA
`;
}

function compose(name: string): string {
  const dsn = `"postgres://${name}:\${DB_PASSWORD:?}@db:5432/${name}"`;
  const service = (index: number) => `  worker${index}:
    image: registry.example.com/${name}-worker:1.4.${index}
    environment:
      QUEUE: jobs${index}
      DATABASE_URL: ${dsn}
    depends_on: { db: { condition: service_healthy } }
    deploy: { resources: { limits: { memory: 512M } } }
`;
  return `services:
  app:
    image: registry.example.com/${name}:1.4.2
    environment:
      PORT: "8080"
      DATABASE_URL: ${dsn}
    depends_on: { db: { condition: service_healthy } }
  db:
    image: postgres:17
    environment:
      POSTGRES_DB: ${name}
      POSTGRES_USER: ${name}
      POSTGRES_PASSWORD: "\${DB_PASSWORD:?}"
    volumes: ["db:/var/lib/postgresql/data"]
    healthcheck: { test: ["CMD", "pg_isready", "-U", "${name}"], interval: 5s }
  edge:
    image: nginx:1.29
    ports: ["443:443"]
    volumes: ["./nginx/site.conf:/etc/nginx/conf.d/site.conf:ro"]
  prometheus:
    image: prom/prometheus:v3.5.0
    volumes:
      - ./monitoring/prometheus.yml:/etc/prometheus/prometheus.yml:ro
      - ./monitoring/rules.yml:/etc/prometheus/rules.yml:ro
  alertmanager:
    image: prom/alertmanager:v0.28.1
    volumes:
      - ./monitoring/alertmanager.yml:/etc/alertmanager/alertmanager.yml:ro
${[1, 2, 3, 4, 5].map(service).join("")}volumes:
  db: {}
`;
}

function prometheus(name: string): string {
  return `global: { scrape_interval: 15s }
rule_files: [rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ["alertmanager:9093"] }] }] }
scrape_configs:
  - job_name: ${name}
    static_configs: [{ targets: ["app:8080"] }]
  - job_name: prometheus
    static_configs: [{ targets: ["localhost:9090"] }]
`;
}

function rules(name: string): string {
  const seconds = `sum by (le) (rate(${name}_request_seconds_bucket[5m]))`;
  const alert = (index: number) => `      - alert: Slow${index}
        expr: histogram_quantile(0.95, ${seconds}) > 0.${index}
        for: 5m
        labels: { severity: warning }
        annotations: { summary: "p95 of ${name} over 0.${index} s" }
`;
  return `groups:
  - name: ${name}
    rules:
      - alert: Down
        expr: up{job="${name}"} == 0
        for: 1m
${Array.from({ length: 9 }, (_, index) => alert(index + 1)).join("")}`;
}

function nginx(name: string): string {
  const location = (index: number) => `    location /v${index}/ {
        proxy_pass http://app:8080;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_read_timeout 30s;
    }
`;
  return `server {
    listen 80;
    return 301 https://$host$request_uri;
}
server {
    listen 443 ssl;
    server_name ${name}.example.com;
    ssl_certificate /etc/ssl/site.crt;
    ssl_certificate_key /etc/ssl/site.key;
${[1, 2, 3, 4, 5, 6].map(location).join("")}}
`;
}

function kubernetes(name: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${name} }
spec:
  replicas: 3
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - name: app
          image: registry.example.com/${name}:1.4.2
          ports: [{ containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /health, port: 8080 } }
          resources: { requests: { memory: 256Mi }, limits: { memory: 512Mi } }
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${name} }
spec:
  selector: { app: ${name} }
  ports: [{ port: 80, targetPort: 8080 }]
`;
}
