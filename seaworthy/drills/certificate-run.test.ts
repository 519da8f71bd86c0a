import assert from "node:assert/strict";
import { test } from "node:test";
import type { Handshake } from "../targets/local/scratch-edge.ts";
import { handshakeWrongs } from "./certificate-run.ts";

const expiry = { expiresMs: 10_000, renewedMs: 14_000, acceptedMs: 15_500 };

function at(fromWallMs: number, code?: string): Handshake {
  return { fromWallMs, toWallMs: fromWallMs + 10, accepted: code === undefined, code };
}

const EXPIRED = "CERT_HAS_EXPIRED";
const GOOD = [
  at(9_000),
  at(9_900),
  at(10_000, EXPIRED),
  at(13_900, EXPIRED),
  at(15_490),
  at(16_000),
];

test("accepted until the second, refused until the renewal is taken, accepted again", () => {
  assert.deepEqual(handshakeWrongs(GOOD, expiry), []);
  const between = [at(9_995), at(9_995, EXPIRED), at(14_500, EXPIRED), at(13_995)];
  assert.deepEqual(
    handshakeWrongs([...GOOD, ...between], expiry),
    [],
    "what overlaps says nothing",
  );
});

for (const [what, planted, said] of [
  ["one that fails too soon", at(8_000, EXPIRED), /^1 new connections failed before/],
  ["one that is believed too long", at(11_000), /^1 new connections were accepted although/],
  ["one that fails after the renewal was taken", at(17_000, EXPIRED), /^1 .* failed after/],
  ["one that nobody answers", at(11_000, "ECONNREFUSED"), /another reason: ECONNREFUSED$/],
] as const) {
  test(`${what} is a wrong`, () => {
    const wrongs = handshakeWrongs([...GOOD, planted], expiry);
    assert.equal(wrongs.length, 1);
    assert.match(wrongs[0] ?? "", said);
  });
}
