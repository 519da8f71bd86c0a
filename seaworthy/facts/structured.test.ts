import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeAt, textAt } from "./node.ts";
import { structured } from "./structured.ts";

const read = (text: string) => structured({ path: "a.yml", text });

test("anchors stand for the last node before them, merged keys give way to own ones", () => {
  const [root] = read(
    "a: &x {k: 1, l: 2}\nb: *x\nc: &x {k: 3}\nd:\n  <<: *x\n  l: 4\ne: [*x]\n",
  ).documents;
  assert.equal(textAt(root, "b", "k"), "1");
  assert.equal(textAt(root, "d", "k"), "3");
  assert.equal(textAt(root, "d", "l"), "4");
  assert.equal(nodeAt(root, "d", "k")?.line, 3);
});

test("an alias of nothing, or of itself, is no error of ours", () => {
  assert.equal(textAt(read("a: *gone\nb: 1\n").documents[0], "b"), "1");
  assert.ok(read("a: &a\n  <<: *a\n  b: *a\n").errors.length <= 2);
});

const HOSTILE: Readonly<Record<string, string>> = {
  "a list of itself": `x: &x [${"*x,".repeat(1_000)}]\n`,
  "a billion laughs": Array.from(
    { length: 12 },
    (_, index) =>
      `a${index}: &a${index} [${Array(9)
        .fill(index === 0 ? "lol" : `*a${index - 1}`)
        .join()}]`,
  ).join("\n"),
  "open brackets": "[".repeat(100_000),
  "deep blocks": Array.from({ length: 400 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
  "a long line": `a: ${"b".repeat(1_900_000)}`,
  "zero bytes": "a: \u0000\u0001\n",
  "half of a file": 'services:\n  a:\n    image: "x',
  "too large": "a".repeat(2_000_001),
  "JSON of itself": `{"a":${"[".repeat(400)}${"]".repeat(400)}}`,
};

for (const [what, text] of Object.entries(HOSTILE)) {
  test(`${what} ends, and in time`, () => {
    const started = performance.now();
    assert.ok(Array.isArray(read(text).documents));
    assert.ok(performance.now() - started < 3_000);
  });
}

test("a quoted scalar whose last line is not deeper is read, as kubectl reads it", () => {
  const { documents, errors } = read("a:\n    b: '[\n      1\n    ]'\n    c: 2\n");
  assert.deepEqual(errors, []);
  assert.equal(textAt(documents[0], "a", "c"), "2");
  assert.equal(nodeAt(documents[0], "a", "c")?.line, 5);
  assert.equal(read("a: 'b\nc: 2\n").errors.length, 1, "one that never closes is an error");
});

test("a translation is not read as data, whatever its texts say", () => {
  const text = 'services:\n  api: { image: "a:1" }\n';
  assert.equal(structured({ path: "sv.po", text }).documents.length, 0);
  assert.equal(structured({ path: "sv.yml", text }).documents.length, 1);
});
