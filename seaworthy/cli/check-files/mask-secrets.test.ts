import assert from "node:assert/strict";
import { test } from "node:test";
import { excerptsOf, plainText } from "./excerpt.ts";
import { maskLine } from "./mask-secrets.ts";

const SECRET = "Hunter2-and-more";

const HIDDEN = [
  `MYSQL_ROOT_PASSWORD: ${SECRET}`,
  `  - DB_PASSWORD=${SECRET}`,
  `  "apiKey": "${SECRET}",`,
  `spring.datasource.password=${SECRET}`,
  `auth_pass ${SECRET}`,
  `    $password = '${SECRET}'`,
  `password => "${SECRET}"`,
  `DATABASE_URL=postgres://app:${SECRET}@db:5432/shop`,
  `- "redis://:${SECRET}@cache:6379/0"`,
  `export JWT_SECRET='${SECRET}' # rotate`,
  `DB_PASSWORD: \${DB_PASSWORD:-${SECRET}}`,
  `mysqldump -u root -p${SECRET} shop`,
  `mysql --password ${SECRET} shop`,
  `mysql --password=${SECRET} shop`,
  `curl -u admin:${SECRET} http://x/`,
  `redis-cli -a ${SECRET} ping`,
  `requirepass ${SECRET}`,
  `stats auth admin:${SECRET}`,
  `CREATE USER 'app'@'%' IDENTIFIED BY '${SECRET}';`,
  `CREATE USER app WITH PASSWORD '${SECRET}';`,
  `CREATE USER app WITH PASSWORD '${SECRET}' CREATEDB CREATEROLE;`,
  `Authorization: Bearer ${SECRET}`,
  `curl -H "Authorization: Basic ${SECRET}"`,
  `smtp_auth_password: '${SECRET}'`,
  `secret_key_base: ${SECRET}`,
  `slack_webhook_url: https://hooks.example/${SECRET}`,
  `- { name: DB_PASSWORD, value: "${SECRET}" }`,
  `sshpass -p ${SECRET} ssh root@host`,
  `sshpass -p'${SECRET}' ssh root@host`,
  `mongodump --db shop -u app -p ${SECRET}`,
  `cqlsh -u app -p "${SECRET}"`,
  `docker login -u ci -p ${SECRET} registry.example`,
  `curl -uadmin:${SECRET} http://x/`,
  `mariadb -uroot -p${SECRET} shop`,
  `mariadb-dump -uroot -p${SECRET} shop`,
  `openssl enc -aes-256-cbc -k ${SECRET} -in a`,
  `htpasswd -bc /etc/nginx/htpasswd admin ${SECRET}`,
  `ldapsearch -x -w ${SECRET} -b dc=a`,
  `command: ["redis-server", "--requirepass", "${SECRET}"]`,
  `PSK=${SECRET}`,
  `echo "app:${SECRET}" | chpasswd`,
  `echo ${SECRET} | docker login --password-stdin -u ci`,
  `rabbitmqctl add_user app ${SECRET}`,
  `slack_api_url: https://hooks.slack.com/services/T0/B0/${SECRET}`,
  `- url: https://hooks.slack.com/services/T0/B0/${SECRET}`,
  `url: https://api.example/robot/send?access_token=${SECRET}`,
];

for (const line of HIDDEN) {
  test(`hides the value of: ${line.replaceAll(SECRET, "…")}`, () => {
    assert.ok(!maskLine(line).includes("Hunter2"), maskLine(line));
  });
}

const SHOWN = [
  "docker run -d -p 8080:80 -p 127.0.0.1:9000:9000 shop/app:1.4.2",
  "mkdir -p /var/lib/app",
  "pg_dump -h db -p 5432 shop | gzip > /backup/shop.sql.gz",
  "curl -fsS -k https://localhost:8443/health",
  "image: registry.example/team/shop-frontend:2026.11.20-rc1",
  'http_server_requests_seconds_count{status="500"}',
  "DB_PASSWORD: ${DB_PASSWORD}",
  "DB_PASSWORD: ${DB_PASSWORD:?is missing}",
  "password: $SMTP_PASSWORD",
  "password: {{ .Values.password }}",
  "POSTGRES_PASSWORD_FILE: /run/secrets/db",
  "  password:",
  "xpack.security.enabled=false",
  "image: shop/api:1.2.3",
  "ENABLE_TOKEN_AUTH=true",
  "proxy_pass http://api:8080;",
];

for (const line of SHOWN) {
  test(`shows: ${line}`, () => {
    assert.equal(maskLine(line), line);
  });
}

const secret = `apiVersion: v1
kind: Secret
metadata:
  name: shop
data:
  plain-name: SHVudGVyMg==
---
kind: ConfigMap
data:
  plain-name: shown
`;

test("in a Secret every value is hidden, beside it none", () => {
  const excerptOf = excerptsOf([{ path: "a.yml", text: secret }]);
  assert.equal(excerptOf({ file: "a.yml", line: 6 }), "plain-name: •••");
  assert.equal(excerptOf({ file: "a.yml", line: 10 }), "plain-name: shown");
});

test("a private key's lines are hidden", () => {
  const text =
    "key: |\n  -----BEGIN RSA PRIVATE KEY-----\n  abcd\n  -----END RSA PRIVATE KEY-----\n";
  assert.equal(excerptsOf([{ path: "k", text }])({ file: "k", line: 3 }), "•••");
});

test("what a terminal would obey is a dot", () => {
  assert.equal(plainText("a\u001b[31mb\u202ec\u009b"), "a·[31mb·c·");
});

test("a hostile line is masked in time", () => {
  const started = performance.now();
  for (const unit of [
    "password",
    "a:b@",
    "-p ",
    "mysql ",
    "secret: ",
    "://",
    "${",
    "stats auth ",
  ]) {
    maskLine(unit.repeat(2_000).slice(0, 2_000));
    maskLine(unit.repeat(2_000_000));
  }
  assert.ok(performance.now() - started < 2_000);
});

test("a line of a file with Windows' line ends is masked too", () => {
  const text = `app:\r\n  secret: \${JWT_SECRET:${SECRET}}\r\n`;
  const shown = excerptsOf([{ path: "a.yml", text }])({ file: "a.yml", line: 2 });
  assert.equal(shown, "secret: •••");
});

test("the value beside the name of a secret is hidden, beside another name it is not", () => {
  const text = [
    "env:",
    "  - name: POSTGRES_PASSWORD",
    `    value: ${SECRET}`,
    "  - name: POSTGRES_DB",
    "    value: shop",
    "",
  ].join("\n");
  const excerptOf = excerptsOf([{ path: "a.yml", text }]);
  assert.equal(excerptOf({ file: "a.yml", line: 3 }), "value: •••");
  assert.equal(excerptOf({ file: "a.yml", line: 5 }), "value: shop");
});
