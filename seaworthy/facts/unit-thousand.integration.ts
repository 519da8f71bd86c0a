import assert from "node:assert/strict";
import { test } from "node:test";
import { survey } from "./unit.ts";

/** A survey that looks from each file at all others needs minutes; a busy machine, seconds. */
const HANG_MS = 60_000;

test("a thousand compose files are surveyed in time, forty of them one by one", () => {
  const files = Array.from({ length: 1_000 }, (_, index) => ({
    path: `s${index}/compose.yml`,
    text: `services:\n  a${index}:\n    image: shop/a${index}\n`,
  }));
  const has = (path: string) => files.some((file) => file.path === path);
  const started = performance.now();
  const tree = { files, has, isIgnored: () => false, unread: [], guide: undefined };
  assert.ok(survey(tree).units.length <= 41);
  assert.ok(performance.now() - started < HANG_MS);
});
