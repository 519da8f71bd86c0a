import assert from "node:assert/strict";
import { test } from "node:test";
import { excerptOf, goldens, rendered } from "./golden.fixture.ts";

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
