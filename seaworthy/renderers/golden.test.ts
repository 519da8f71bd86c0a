import assert from "node:assert/strict";
import { test } from "node:test";
import { excerptOf, goldens, partsOf, PLACE, rendered } from "./golden.fixture.ts";
import { renderHaproxy } from "./haproxy/haproxy.ts";

/** What somebody reviews in one look (STYLE.md). */
const LINES_MAX = 120;

for (const { file, lines, declaration, excerpts } of goldens()) {
  test(`${file}: the same declaration gives these bytes`, () => {
    assert.ok(excerpts.length > 0, "it says what is expected");
    assert.ok(lines <= LINES_MAX, `${lines} lines are more than one look`);
    for (const { provider, from, expected } of excerpts) {
      const text = rendered(declaration, provider);
      assert.equal(excerptOf(text, from), expected, `${provider}: ${from}`);
      assert.equal(rendered(declaration, provider), text, "twice the same");
    }
  });
}

test("an excerpt that is not there is noticed", () => {
  const text = "a\n  b\n  c {\n    d\n  }\n  e\nf\n";
  assert.equal(excerptOf(text, "c {"), "c {\n  d\n}");
  assert.equal(excerptOf(text, "a"), "a\n  b\n  c {\n    d\n  }\n  e");
  assert.match(excerptOf(text, "g"), /no line g/);
});

test("a backend of two releases with a ready path each is asked for neither", () => {
  const run = { build: "./a", command: ["node", "main.ts"] };
  const services = { api: { run, replicas: 2 } };
  const declaration = { name: "shop", services, edge: { routes: { "/": "api" } } };
  const parts = partsOf(declaration);
  const check = { path: "/old", everyMs: 700, timeoutMs: 50, rise: 1, fall: 2 };
  const checked = (count: number) => ({
    ...parts,
    instances: parts.instances.map((one, index) => (index < count ? { ...one, check } : one)),
  });
  assert.match(renderHaproxy(checked(0), PLACE), /uri \/ready /);
  const mixed = renderHaproxy(checked(1), PLACE);
  assert.doesNotMatch(mixed, /httpchk|uri \/ready|uri \/old/);
  assert.match(mixed, /server api-1 .* check inter 700ms rise 1 fall 2/);
  assert.match(renderHaproxy(checked(2), PLACE), /uri \/old /);
});
