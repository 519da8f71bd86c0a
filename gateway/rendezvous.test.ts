import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import fc from "fast-check";
import { hashText, rendezvous, type Contender } from "./rendezvous.ts";

interface Named extends Contender {
  readonly id: string;
}

const named = (id: string, weight = 1): Named => ({ id, weight, seed: hashText(id) });
const pool = (count: number): Named[] =>
  Array.from({ length: count }, (_, index) => named(`app-${index + 1}.r1`));
const KEYS = Array.from({ length: 3_000 }, (_, index) => hashText(`10.0.${index >> 8}.${index}`));

const place = (contenders: readonly Named[], key: number): Named =>
  present(rendezvous(contenders, key, []), "a place");

test("a key has one place, whatever the order of the instances", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 9 }), (text, count) => {
      const all = pool(count);
      const key = hashText(text);
      assert.equal(place(all, key), place(all.toReversed(), key));
      assert.equal(hashText(text), key);
    }),
  );
});

test("when one of n leaves, only its keys move, evenly; when it is back, so are they", () => {
  for (const count of [2, 3, 5, 8]) {
    const all = pool(count);
    for (const gone of all) {
      const left = all.filter((one) => one !== gone);
      const movedTo = new Map<string, number>();
      for (const key of KEYS) {
        const before = place(all, key);
        const after = place(left, key);
        if (before === gone) movedTo.set(after.id, (movedTo.get(after.id) ?? 0) + 1);
        else assert.equal(after, before, "a key of one that stayed moved");
        assert.equal(place([...left, gone], key), before);
      }
      const moved = [...movedTo.values()].reduce((sum, each) => sum + each, 0);
      assert.ok(moved <= KEYS.length / count + 140, `${moved} of ${KEYS.length} moved`);
      for (const each of movedTo.values()) {
        const share = moved / (count - 1);
        assert.ok(Math.abs(each - share) < 4 * Math.sqrt(share) + 30, `${each} of ${share}`);
      }
    }
  }
});

test("weights say how many keys, and a changed one moves only the difference", () => {
  const all = [
    named("canary", 0.05),
    named("a", 0.95 / 3),
    named("b", 0.95 / 3),
    named("c", 0.95 / 3),
  ];
  const counts = new Map<string, number>();
  for (const key of KEYS) {
    const { id } = place(all, key);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  assert.ok(Math.abs(counts.get("canary")! / KEYS.length - 0.05) < 0.015);
  assert.ok(Math.abs(counts.get("b")! / KEYS.length - 0.95 / 3) < 0.03);
  const more = [named("canary", 0.1), ...all.slice(1)];
  for (const key of KEYS) {
    const after = place(more, key);
    if (after.id !== "canary") assert.equal(after.id, place(all, key).id);
  }
});

test("the next try of a key is its second choice, and after all there is none", () => {
  const all = pool(3);
  for (const key of KEYS.slice(0, 50)) {
    const first = place(all, key);
    const second = rendezvous(all, key, [first]);
    assert.equal(
      second,
      place(
        all.filter((one) => one !== first),
        key,
      ),
    );
    assert.equal(rendezvous(all, key, all), undefined);
  }
  assert.equal(rendezvous([], 1, []), undefined);
});
