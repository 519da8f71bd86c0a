import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { seeded } from "@seaworthy/std/random";
import type { LoadRequest } from "../system/system.ts";
import { mixer } from "./mix.ts";

function aRequest(path: string, weight: number): LoadRequest {
  return { method: "GET", path, headers: {}, body: undefined, weight, class: "safe" };
}

function drawn(mix: readonly LoadRequest[], options: { count: number; seed: number }): string[] {
  const next = mixer(mix, seeded(options.seed));
  return Array.from({ length: options.count }, () => next().path);
}

describe("the mix of a load", () => {
  const mix = [aRequest("a", 8), aRequest("b", 2)];

  test("keeps its weights exactly in every cycle", () => {
    const paths = drawn(mix, { count: 100, seed: 7 });
    for (let cycle = 0; cycle < 10; cycle += 1) {
      const part = paths.slice(cycle * 10, cycle * 10 + 10);
      assert.equal(part.filter((path) => path === "b").length, 2);
    }
  });

  test("comes in another order from cycle to cycle, and the same from the same seed", () => {
    const paths = drawn(mix, { count: 100, seed: 7 }).join("");
    assert.notEqual(paths.slice(0, 10).repeat(10), paths);
    assert.equal(drawn(mix, { count: 100, seed: 7 }).join(""), paths);
    assert.notEqual(drawn(mix, { count: 100, seed: 8 }).join(""), paths);
  });

  test("keeps weights that are fractions over many cycles", () => {
    const paths = drawn([aRequest("a", 0.75), aRequest("b", 0.25)], { count: 4_000, seed: 1 });
    const share = paths.filter((path) => path === "b").length / paths.length;
    assert.ok(Math.abs(share - 0.25) < 0.01, `${share}`);
  });

  test("of nothing is refused", () => {
    assert.throws(() => mixer([], seeded(1)), /at least one/);
  });
});
