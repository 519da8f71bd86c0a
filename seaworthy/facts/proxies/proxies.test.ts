import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fact } from "../fact.ts";
import { documentsOf } from "../facts.ts";
import { proxyFacts, readProxies } from "./proxies.ts";

const TREE = {
  files: [],
  has: () => false,
  isIgnored: () => false,
  unread: [],
  guide: undefined,
};

function factsIn(text: string): readonly Fact[] {
  const document = readProxies({ path: "proxy.conf", text });
  assert.ok(document !== undefined);
  return proxyFacts(documentsOf([document], TREE));
}

const HAPROXY = `defaults
    timeout client 50s
    timeout server 1500
frontend web
    bind *:443,127.0.0.1:8443 ssl crt /etc/site.pem # both
    default_backend api
backend api
    option httpchk GET /ready
    server one api-1:8080 check
    server two "api 2":8080
`;

test("haproxy: who listens, who is asked, how long it waits", () => {
  const facts = factsIn(HAPROXY);
  const listeners = facts.filter((fact) => fact.kind === "listener");
  assert.deepEqual(
    listeners.map(({ port, tls, address }) => [port, tls, address]),
    [
      [443, true, undefined],
      [8443, true, "127.0.0.1"],
    ],
  );
  const calls = facts.filter((fact) => fact.kind === "call");
  assert.deepEqual(
    calls.map(({ via, host, port, at }) => [via, host, port, at.line]),
    [
      ["upstream", "api-1", 8080, 9],
      ["probe", "api-1", 8080, 8],
      ["upstream", "api 2", 8080, 10],
    ],
  );
  const patience = facts.filter((fact) => fact.kind === "time-limit");
  assert.deepEqual(
    patience.map(({ of, ms }) => [of, ms]),
    [
      ["client", 50_000],
      ["read", 1500],
    ],
  );
});

test("haproxy: a last line without its end is what the daemon refuses", () => {
  const document = readProxies({ path: "haproxy.cfg", text: HAPROXY.trimEnd() });
  const refused = document?.problems.filter(({ harmless }) => harmless !== true) ?? [];
  assert.deepEqual(
    refused.map(({ at }) => at.line),
    [10],
  );
});

test("nginx: an upstream's name is no host, and a constant answer is known for one", () => {
  const facts = factsIn(`upstream api { server app:3000; server [::1]:3001; }
server {
  listen 443 ssl;
  client_max_body_size 20m;
  location = /health { return 200 "ok"; }
  location / { proxy_pass http://api; proxy_read_timeout 1m30s; }
  location /static/ { proxy_pass http://files:81/x; }
  location ~ \\.php$ { proxy_pass http://$backend; }
}
`);
  const calls = facts.filter((fact) => fact.kind === "call");
  assert.deepEqual(
    calls.map(({ host, port }) => [host, port]),
    [
      ["app", 3000],
      ["::1", 3001],
      ["files", 81],
    ],
  );
  const served = facts.filter((fact) => fact.kind === "served-path");
  assert.deepEqual(
    served.map(({ path, constantStatus }) => [path, constantStatus]),
    [
      ["/health", 200],
      ["/", undefined],
      ["/static/", undefined],
    ],
  );
  assert.ok(facts.some((fact) => fact.kind === "time-limit" && fact.ms === 90_000));
  assert.ok(facts.some((fact) => fact.kind === "body-limit" && fact.bytes === 20_971_520));
});

test("nginx: what is cut short is a problem, and still read", () => {
  const text = "server { listen 80; location / { proxy_pass http://app:1";
  const document = readProxies({ path: "nginx.conf", text });
  assert.ok(document?.kind === "nginx");
  assert.ok(document.problems.length > 0);
  assert.equal(document.directives[0]?.block?.[1]?.name, "location");
});

test("hostile nesting and hostile words end by themselves", () => {
  const deep = `server { listen 80; ${"a { ".repeat(50_000)}`;
  assert.ok(readProxies({ path: "nginx.conf", text: deep }) !== undefined);
  const wide = `server { listen 80; add_header x "${"y".repeat(1_000_000)}`;
  assert.ok(readProxies({ path: "nginx.conf", text: wide }) !== undefined);
});

test("logrotate: stanzas with their paths, directives and scripts", () => {
  const text = `/var/log/a.log /var/log/b/*.log {
  daily
  rotate 7
  postrotate
    kill -USR1 1
  endscript
}
`;
  const document = readProxies({ path: "app", text });
  assert.ok(document?.kind === "logrotate");
  const [stanza] = document.stanzas;
  assert.deepEqual(stanza?.paths, ["/var/log/a.log", "/var/log/b/*.log"]);
  assert.deepEqual(stanza.scripts, [{ line: 5, text: "kill -USR1 1" }]);
  assert.equal(stanza.directives.length, 2);
});

function problemsIn(text: string): readonly (readonly [line: number, message: string])[] {
  const document = readProxies({ path: "proxy.conf", text });
  assert.ok(document !== undefined);
  return document.problems.map(({ at, message }) => [at.line, message]);
}

test("haproxy: keywords where the daemon refuses them, and those that it does not know", () => {
  const text = `global
    maxcon 100
defaults
    timeout client 5s
    timeout connect 5s
    timeout server 5s
    stats admin if TRUE
frontend web
    bind *:80
    default_backend app
backend app
    server one 192.0.2.1:80 ciphers ECDHE-RSA-AES256-GCM-SHA512
`;
  assert.deepEqual(
    problemsIn(text).map(([line]) => line),
    [2, 7, 12],
  );
  assert.deepEqual(
    problemsIn(text.replace("maxcon ", "maxconn ").replace(/ +stats.*\n/, "")).length,
    1,
  );
});

test("nginx: what stock nginx would refuse, and nothing of what it takes", () => {
  const healthy = `include modules/*.conf;
events { worker_connections 1024; }
http {
  gzip_proxied no-cache expired;
  map $a $b { default 1; }
  server { listen 443 ssl; ssl_ciphers HIGH:!aNULL; location / { if ($x) { return 403; } } }
}
`;
  assert.deepEqual(problemsIn(healthy), []);
  const [wrong] = problemsIn(healthy.replace("expired", "must-revalidate"));
  assert.deepEqual(wrong, [4, 'gzip_proxied takes no "must-revalidate"']);
  const [place] = problemsIn(healthy.replace("  map $a", "  location /x { }\n  map $a"));
  assert.equal(place?.[0], 5);
  const [ciphers] = problemsIn(healthy.replace("HIGH:!aNULL", "ECDHE-RSA-AES256-GCM-SHA512"));
  assert.match(ciphers?.[1] ?? "", /none of these ciphers exists/);
});

test("logrotate: a log that two stanzas claim", () => {
  const stanza = (path: string) => `${path} {\n  daily\n  missingok\n}\n`;
  const two = (one: string, other: string) => problemsIn(stanza(one) + stanza(other)).length;
  assert.equal(two("/var/log/app/*.log", "/var/log/app/audit.log"), 1);
  assert.equal(two("/var/log/app/*.log", "/var/log/app/old/audit.log"), 0);
});

test("logrotate: a script that writes such a file is none", () => {
  const text = "#!/bin/sh\ncat > x <<E\n/var/log/a.log {\n  daily\n}\nE\n";
  assert.equal(readProxies({ path: "set-up", text }), undefined);
});

test("nginx: an INI file that listens is none", () => {
  const text = "[www]\nlisten = /run/php.sock ; nginx connects here\nlisten.owner = www-data;\n";
  assert.equal(readProxies({ path: "web-nginx/php-fpm.d/www.conf", text }), undefined);
});
