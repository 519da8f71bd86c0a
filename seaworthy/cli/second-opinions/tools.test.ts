import assert from "node:assert/strict";
import { test } from "node:test";
import { composeTools } from "./compose.ts";
import { haproxy } from "./haproxy.ts";
import { nginx } from "./nginx.ts";
import { amtool, promtoolConfig, promtoolRules } from "./prometheus.ts";
import { logrotate, shellcheck } from "./shell.ts";
import type { Tool } from "./tool.ts";

const scratch = { folder: "/scratch", stub: "/scratch/stub.pem" };

function given(tool: Tool, text: string, path = "file"): string {
  const prepared = tool.prepare({ path, text }, scratch);
  if (!prepared.asked) return `not asked: ${prepared.because}`;
  return Object.values(prepared.files)[0] ?? "";
}

const DANGEROUS: readonly (readonly [Tool, string])[] = [
  [haproxy, "global\n  lua-load /tmp/x.lua\n"],
  [haproxy, "global\n  external-check\n"],
  [haproxy, "program x\n  command /bin/sh\n"],
  [nginx, "load_module /tmp/x.so;\n"],
  [nginx, "http { server { content_by_lua_block { os.execute() } } }\n"],
  [nginx, "http { js_import /tmp/x.js; }\n"],
  [nginx, "http { perl_modules /tmp; }\n"],
  [logrotate, "include /etc/logrotate.d\n"],
  ...composeTools.map((tool) => [tool, "include: [oci://x]\nservices: {}\n"] as const),
];

for (const [tool, text] of DANGEROUS) {
  test(`${tool.name} is not given: ${text.split("\n")[0] ?? ""}`, () => {
    assert.match(given(tool, text), /^not asked: /);
  });
}

test("a file with certificates is not given where none can stand in", () => {
  const without = { folder: "/scratch", stub: undefined };
  const file = { path: "h", text: "frontend f\n bind :443 ssl crt /etc/x.pem\n" };
  assert.ok(!haproxy.prepare(file, without).asked);
  assert.ok(!nginx.prepare({ path: "n", text: "ssl_certificate /x;\n" }, without).asked);
});

test("haproxy's users, sockets and files of its machine are taken out, its lines stay", () => {
  const text =
    "global\n  user haproxy\n  stats socket /run/x\n  chroot /var\nfrontend f\n" +
    "  bind :443 ssl crt /etc/ssl/site.pem\n  errorfile 503 /etc/503.http\n" +
    "  acl bad src -f /etc/bad.lst\n  use_backend %[base,map(/etc/m.map)]\n";
  assert.deepEqual(given(haproxy, text).split("\n"), [
    ...["global", "", "", "", "frontend f", "  bind :443 ssl crt /scratch/stub.pem"],
    "  errorfile 503 /scratch/error.http",
    "  acl bad src -f /scratch/list.txt",
    "  use_backend %[base,map(/scratch/list.txt)]",
    "",
  ]);
});

test("nginx writes no log elsewhere, includes nothing and looks up no host", () => {
  const text =
    "user www;\nhttp {\n include /etc/nginx/*.conf;\n access_log /var/log/a.log main;\n" +
    " access_log off;\n upstream app { server web-1:80; }\n server {\n ssl_certificate /x;\n" +
    " location / { proxy_pass http://app; }\n" +
    " location /b { proxy_pass http://other:81/b; }\n }\n}\n";
  assert.deepEqual(given(nginx, text).split("\n"), [
    ...["events {} ", "http {", "", " access_log /scratch/access.log main;", " access_log off;"],
    " upstream app { server 127.0.0.1:80; }",
    ...[" server {", " ssl_certificate /scratch/stub.pem;"],
    " location / { proxy_pass http://app; }",
    " location /b { proxy_pass http://127.0.0.1:81/b; }",
    ...[" }", "}", ""],
  ]);
});

test("a fragment of nginx is wrapped on its own first line", () => {
  assert.equal(given(nginx, "server {\n}\n"), "events {} http { server {\n}\n\n}");
  assert.equal(
    given(nginx, "location / {\n}\n"),
    "events {} http { server { location / {\n}\n\n}}",
  );
});

const SAID: readonly (readonly [
  Tool,
  string,
  readonly (readonly [number | undefined, string])[],
])[] = [
  [
    haproxy,
    "[NOTICE] (1) : path to executable\n" +
      "[ALERT]    (1) : config : parsing [h.cfg:7] : unknown keyword 'bogus' in 'defaults' " +
      "section\n" +
      "[ALERT]    (1) : config : Proxy 'f': unable to find required default_backend: 'b'.\n" +
      "[ALERT]    (1) : config : Fatal errors found in configuration.\n",
    [
      [7, "unknown keyword 'bogus' in 'defaults' section"],
      [undefined, "Proxy 'f': unable to find required default_backend: 'b'."],
    ],
  ],
  [
    nginx,
    'nginx: [emerg] unknown directive "foo" in /s/nginx.conf:2\nnginx: configuration file failed\n',
    [[2, 'unknown directive "foo"']],
  ],
  [
    amtool,
    "Checking 'a.yml'  FAILED: yaml: unmarshal errors:\n  line 6: field subject not found\n",
    [[6, "field subject not found"]],
  ],
  [
    amtool,
    "Checking 'a.yml'  FAILED: undefined receiver \"x\" used in route\n",
    [[undefined, 'undefined receiver "x" used in route']],
  ],
  [
    promtoolRules,
    'Checking r.yml\n  FAILED:\nr.yml: 5:15: group "a", rule 1: could not parse expression\n',
    [[5, 'group "a", rule 1: could not parse expression']],
  ],
  [
    logrotate,
    "reading config file l\nerror: l:3 unknown option 'rotatee' -- ignoring line\n",
    [[3, "unknown option 'rotatee' -- ignoring line"]],
  ],
  [
    shellcheck,
    '{"comments":[{"file":"s","line":2,"code":1073,"level":"error","message":"Bad."}]}\n',
    [[2, "SC1073: Bad."]],
  ],
];

for (const [tool, output, complaints] of SAID) {
  test(`what ${tool.name} says is understood: ${complaints[0]?.[1] ?? ""}`, () => {
    const read = tool.complaints(output).map(({ line, message }) => [line, message]);
    assert.deepEqual(read, complaints);
  });
}

const FORGIVEN: readonly (readonly [Tool, string])[] = [
  [promtoolConfig, "field kubernetes_sd_configs not found in type config.ScrapeConfig"],
  [haproxy, "could not resolve address 'app1'"],
  [haproxy, "unable to stat SSL certificate from file '/etc/x.pem' : No such file or directory."],
  [nginx, 'host not found in upstream "app:80"'],
  [nginx, "bind() to 0.0.0.0:80 failed (13: Permission denied)"],
  [logrotate, "unknown user 'app'"],
];

for (const [tool, message] of FORGIVEN) {
  test(`another machine's is forgiven: ${tool.name}: ${message}`, () => {
    assert.ok(tool.isForgiven(message));
    assert.ok(!tool.isForgiven("unknown keyword 'bogus'"));
  });
}
