import assert from "node:assert/strict";
import { test } from "node:test";
import { Turnover } from "./turnover.ts";

function aSystem(told: string[], name: string, fails = false) {
  return async () => {
    told.push(`open ${name}`);
    return {
      name,
      [Symbol.asyncDispose]: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        told.push(`closed ${name}`);
        if (fails) throw new Error(`${name} stays`);
      },
    };
  };
}

test("one is brought up while the one before goes, and measured when that is gone", async () => {
  const told: string[] = [];
  {
    await using turnover = new Turnover({ say: () => {} });
    for (const name of ["a", "b"]) {
      await turnover.with(aSystem(told, name), async () => void told.push(`measure ${name}`));
    }
  }
  assert.deepEqual(told, ["open a", "measure a", "open b", "closed a", "measure b", "closed b"]);
});

test("what does not go by itself is said, and costs no run", async () => {
  const said: string[] = [];
  const turnover = new Turnover({ say: (line) => void said.push(line) });
  assert.equal(await turnover.with(aSystem([], "a", true), async () => 7), 7);
  await turnover[Symbol.asyncDispose]();
  assert.deepEqual(said, ["not taken down: a stays"]);
});

test("a run that breaks is taken down as well", async () => {
  const told: string[] = [];
  const turnover = new Turnover({ say: () => {} });
  const broken = turnover.with(aSystem(told, "a"), async () => {
    throw new Error("broke");
  });
  await assert.rejects(broken, /broke/);
  await turnover[Symbol.asyncDispose]();
  assert.deepEqual(told, ["open a", "closed a"]);
});
