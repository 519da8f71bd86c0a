import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { treeOf } from "./example.fixture.ts";
import { checkFiles } from "./files.ts";

const PAGES = new URL("../../../docs/checks/files/", import.meta.url);

/** Every example of every page: real files of every format that has a rule. */
function examples(): readonly (readonly [path: string, text: string])[] {
  return readdirSync(PAGES).flatMap((page) =>
    [
      ...readFileSync(new URL(page, PAGES), "utf8").matchAll(/^```\S+ (\S+)\n([\s\S]*?)^```$/gm),
    ].map(([, path = "", text = ""]) => [path, text] as const),
  );
}

const EXAMPLES = examples();
/** What breaks readers: cut short, doubled, bytes of nothing, brackets that never close. */
const WOUNDS: readonly ((text: string, at: number) => string)[] = [
  (text, at) => text.slice(0, at),
  (text, at) => text.slice(at),
  (text, at) => `${text.slice(0, at)}\u0000\uFFFD\u0007${text.slice(at)}`,
  (text, at) => `${text.slice(0, at)}${"{[(".repeat(400)}${text.slice(at)}`,
  (text, at) => `${text.slice(0, at)}'"\`$(${text.slice(at)}`,
  (text, at) => text.slice(0, at) + text + text.slice(at),
  (text, at) => `${text.slice(0, at)}\n${" ".repeat(at % 7)}- &a [*a, *a]\n${text.slice(at)}`,
  (text) => text.replaceAll("\n", "\r\n"),
];

test("a wounded file is read or refused, and never breaks a reader or a rule", () => {
  assert.ok(EXAMPLES.length > 50, "the examples were not found");
  const wounded = fc.record({
    example: fc.nat(EXAMPLES.length - 1),
    other: fc.nat(EXAMPLES.length - 1),
    wound: fc.nat(WOUNDS.length - 1),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(wounded, ({ example, other, wound, share }) => {
      const [path, text] = EXAMPLES[example] ?? ["", ""];
      const [beside, whole] = EXAMPLES[other] ?? ["", ""];
      const hurt = WOUNDS[wound]?.(text, Math.floor(text.length * share)) ?? "";
      for (const { places } of checkFiles(treeOf({ [beside]: whole, [path]: hurt }))) {
        for (const { line } of places) assert.ok(line >= 1);
      }
    }),
    { numRuns: 400, seed: 4711 },
  );
});

const LAUGHS = `a: &a [x, x, x, x, x, x, x, x, x]
${"bcdefgh"
  .split("")
  .map((name, index) => {
    const inner = "abcdefg"[index] ?? "a";
    return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${inner}`).join(", ")}]`;
  })
  .join("\n")}
services: { one: { image: *h } }
`;

const HOSTILE: Readonly<Record<string, string>> = {
  "a billion laughs": LAUGHS,
  "a cyclic anchor": "services: &s\n  one: *s\n  two: { extends: { service: two } }\n",
  "a chain of extends that bites its tail":
    "services:\n  a: { extends: { service: b } }\n  b: { extends: { service: a } }\n",
  "nesting without end": `services: ${"{a: ".repeat(20_000)}`,
  "a list without end": `services: ${"[".repeat(100_000)}`,
  "indentation without end": Array.from({ length: 3_000 }, (_, i) => `${" ".repeat(i)}a:`).join(
    "\n",
  ),
  "a line of a megabyte": `services:\n  one:\n    image: ${"x".repeat(1_000_000)}\n`,
  "a megabyte of quotes": `server {\n${"'\"".repeat(500_000)}`,
  "a megabyte of dollars": `#!/bin/sh\necho ${"$(".repeat(300_000)}`,
  "a megabyte of here-documents": `#!/bin/sh\n${"cat <<A\n".repeat(100_000)}`,
  "a megabyte of spaces": `FROM a\nRUN ${" ".repeat(1_000_000)}b\n`,
  "a megabyte of empty lines": "\n".repeat(1_000_000),
  "a megabyte of blanks and ends": " \n\t".repeat(333_333),
  "a megabyte of one word": "a".repeat(1_000_000),
};
const NAMES = ["docker-compose.yml", "nginx.conf", "deploy.sh", "Dockerfile", ".env", "x.cfg"];
/** Generous: a reader that takes squares of the length needs minutes. */
const HANG_MS = 20_000;

for (const [what, text] of Object.entries(HOSTILE)) {
  test(`${what} ends by itself, under every name`, () => {
    for (const name of NAMES) {
      const begun = performance.now();
      checkFiles(treeOf({ [name]: text, "prometheus.yml": "scrape_configs: []\n" }));
      const took = performance.now() - begun;
      assert.ok(took < HANG_MS, `${name}: ${Math.round(took)} ms`);
    }
  });
}
