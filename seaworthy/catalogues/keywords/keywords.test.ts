import assert from "node:assert/strict";
import { test } from "node:test";
import {
  haproxyActions,
  haproxyKeyword,
  haproxySectionKeywords,
  haproxySources,
  haproxyWord,
  isHaproxySslDefaultOption,
} from "./haproxy.ts";
import { logrotateDirective, logrotateSources } from "./logrotate.ts";
import { nginxDirectives, nginxSources, nginxTakesValue } from "./nginx.ts";
import { cipherSources, cipherWord, cipherWords } from "./tls-ciphers.ts";

const words = (line: string): readonly string[] => line.split(" ");

test("HAProxy's keywords are known by as many words as they have", () => {
  assert.equal(haproxyKeyword(words("option httplog clf"))?.name, "option httplog");
  assert.equal(
    haproxyKeyword(words("no option http-server-close"))?.name,
    "option http-server-close",
  );
  assert.equal(haproxyKeyword(words("timeout client 30s"))?.name, "timeout client");
  assert.equal(haproxyKeyword(words("balance roundrobin"))?.name, "balance");
  assert.equal(haproxyKeyword(words("option no-such")), undefined);
  assert.equal(haproxyKeyword(words("show-desc"))?.name, undefined);
  assert.equal(haproxyKeyword([]), undefined);
});

test("HAProxy's keywords know their sections, and where they stop the start", () => {
  const admin = haproxyKeyword(words("stats admin if TRUE"));
  assert.deepEqual(admin?.sections, ["frontend", "listen", "backend"]);
  assert.deepEqual(admin?.refusedIn, ["defaults"]);
  const balance = haproxyKeyword(words("balance leastconn"));
  assert.ok(!balance?.sections.includes("frontend"));
  assert.deepEqual(balance?.refusedIn, [], "ignored in a frontend with a warning");
  assert.deepEqual(haproxyKeyword(words("bind :80"))?.refusedIn, ["defaults"]);
});

test("HAProxy's keywords know when they came and went", () => {
  assert.equal(haproxyKeyword(words("reqadd x"))?.goneIn, "2.2");
  assert.equal(haproxyKeyword(words("option httpchk"))?.goneIn, undefined);
  assert.equal(haproxyKeyword(words("http-after-response set-header x y"))?.since, "2.2");
  assert.equal(haproxyWord("global", "nbproc")?.goneIn, "2.6");
});

test("words of bind, server and global lines are known", () => {
  assert.ok(haproxyWord("bind", "alpn"));
  assert.ok(haproxyWord("bind", "prefer-client-ciphers"));
  assert.equal(haproxyWord("bind", "prefer-server-ciphers"), undefined);
  assert.ok(haproxyWord("server", "check") && haproxyWord("server", "inter"));
  assert.equal(haproxyWord("server", "ssl-verify"), undefined);
  assert.ok(haproxyWord("global", "maxconn") && haproxyWord("global", "stats"));
  assert.equal(haproxyWord("global", "ssl-default-bind-ssl-options"), undefined);
  assert.ok(isHaproxySslDefaultOption("ssl-min-ver"));
  assert.ok(!isHaproxySslDefaultOption("prefer-server-ciphers"));
  assert.ok(haproxyActions("http-request")?.includes("set-header"));
  assert.ok(!haproxyActions("http-request")?.includes("set-headers"));
  assert.equal(haproxyActions("no-such"), undefined);
  assert.ok(haproxySectionKeywords("peers")?.includes("peer"));
  assert.equal(haproxySectionKeywords("no-such"), undefined);
});

test("nginx's directives know contexts, arguments and module", () => {
  const [zone] = nginxDirectives("limit_req_zone");
  assert.deepEqual(zone?.contexts, ["http"]);
  assert.equal(zone?.takes(3), true);
  assert.equal(zone?.takes(2), false);
  assert.equal(zone?.origin, "stock");
  const header = nginxDirectives("add_header")[0];
  assert.deepEqual(header?.contexts, ["http", "server", "location", "location-if"]);
  const passes = nginxDirectives("proxy_pass").map(({ module }) => module);
  assert.deepEqual(passes.toSorted(), ["ngx_http_proxy_module", "ngx_stream_proxy_module"]);
  const servers = nginxDirectives("server").map(({ isBlock }) => isBlock);
  assert.ok(servers.includes(true) && servers.includes(false));
  for (const context of ["main", "http", "server", "location", "stream"] as const) {
    assert.ok(nginxDirectives("include")[0]?.contexts.includes(context), context);
  }
  assert.ok(nginxDirectives("live").some(({ contexts }) => contexts.includes("rtmp-application")));
  assert.equal(nginxDirectives("sendfile")[0]?.takes(1), true);
  assert.equal(nginxDirectives("log_format")[0]?.takes(1), false);
});

test("nginx's directives know whose they are", () => {
  assert.equal(nginxDirectives("stub_status")[0]?.origin, "with");
  assert.equal(nginxDirectives("health_check")[0]?.origin, "plus");
  assert.equal(nginxDirectives("more_set_headers")[0]?.origin, "third-party");
  assert.equal(nginxDirectives("js_import")[0]?.origin, "dynamic");
  assert.equal(nginxDirectives("health_check")[0]?.takes(1), undefined);
  assert.deepEqual(nginxDirectives("no_such_directive"), []);
  assert.equal(nginxDirectives("http2")[0]?.since, "1.25.1");
});

test("closed lists of values are closed", () => {
  assert.equal(nginxTakesValue("gzip_proxied", "must-revalidate"), false);
  assert.equal(nginxTakesValue("gzip_proxied", "no-cache"), true);
  assert.equal(nginxTakesValue("proxy_next_upstream", "http_502"), true);
  assert.equal(nginxTakesValue("proxy_pass", "x"), undefined);
});

test("words of a cipher list are told apart", () => {
  const cases = {
    "ECDHE-RSA-AES128-GCM-SHA256": "suite",
    "!DHE-RSA-AES256-SHA": "suite",
    "DES-CBC3-SHA": "suite",
    "EDH-RSA-DES-CBC3-SHA": "gone",
    TLS_AES_128_GCM_SHA256: "tls13",
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "iana",
    HIGH: "keyword",
    "!aNULL": "keyword",
    "ECDHE+AESGCM": "keyword",
    "EECDH+ECDSA+AESGCM": "keyword",
    "!EXPORT": "gone",
    "@SECLEVEL=2": "command",
    "@SECLEVEL=9": undefined,
    "ECDHE-RSA-AES512-GCM-SHA512": undefined,
    "ECDHE-RSA-AES256-GCM-SHA512": undefined,
    strong: undefined,
  } as const;
  for (const [word, kind] of Object.entries(cases)) assert.equal(cipherWord(word), kind, word);
  assert.deepEqual(cipherWords("HIGH:!aNULL, MEDIUM"), ["HIGH", "!aNULL", "MEDIUM"]);
});

test("logrotate's directives know what follows them", () => {
  assert.equal(logrotateDirective("rotate"), "value");
  assert.equal(logrotateDirective("daily"), "flag");
  assert.equal(logrotateDirective("postrotate"), "script");
  assert.equal(logrotateDirective("create"), "optional");
  assert.equal(logrotateDirective("maxfiles"), undefined);
});

test("every list has its sources", () => {
  for (const sources of [haproxySources(), nginxSources(), cipherSources(), logrotateSources()]) {
    assert.ok(sources.length > 0);
  }
});
