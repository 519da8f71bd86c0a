import assert from "node:assert/strict";
import { test } from "node:test";
import { Fuse } from "./fuse.ts";
import { countPoints, type Play, playPoint, sampled } from "./real-crash.ts";
import { type CrashPoint, Reaper } from "./reaper.ts";

test("every one of one is every point, and one of ten takes moments before and after", () => {
  const all = sampled({ points: 76, every: 1, seed: 1 });
  assert.deepEqual(
    all,
    Array.from({ length: 76 }, (_, index) => index + 1),
  );
  for (const seed of [1, 2, 3]) {
    const some = sampled({ points: 76, every: 10, seed });
    assert.ok(some.length >= 7 && some.every((number) => number <= 76), some.join());
    assert.ok(new Set(some.map((number) => number % 2)).size === 2, some.join());
  }
  const tens = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const together = tens.flatMap((seed) => sampled({ points: 40, every: 10, seed }));
  assert.equal(new Set(together).size, 40, "ten seeds are all points");
});

/** A verb of so many changes; `dies`: whether its process takes the fuse. */
interface Verb {
  readonly changes: number;
  readonly dies: boolean;
  readonly code: number;
}

/** A fuse that is no file, and a verb that is none. */
class PaperFuse extends Fuse {
  #reaper = new Reaper(undefined, () => undefined);

  constructor() {
    super("", "tool");
  }

  override lay(point: CrashPoint): void {
    this.#reaper = new Reaper(point, () => undefined);
  }

  override disarm(): void {
    // Nobody runs between two verbs.
  }

  override struck(): string | undefined {
    return this.#reaper.struck;
  }

  override changes(): readonly string[] {
    return this.#reaper.changes;
  }

  override reaper(): Reaper {
    return this.#reaper;
  }
}

function aPlay({ changes, dies, code }: Verb): Play {
  const fuse = new PaperFuse();
  const blind = new PaperFuse();
  blind.struck = () => undefined;
  blind.lay = (point) => fuse.lay(point);
  blind.changes = () => fuse.changes();
  return {
    stage: {
      fuse: () => (dies ? fuse : blind),
      run: async () => {
        const reaper = fuse.reaper();
        for (let index = 0; index < changes && reaper.struck === undefined; index += 1) {
          reaper.now("change", () => undefined);
        }
        const killed = dies && reaper.struck !== undefined;
        return { code: killed ? 137 : code, stdout: "", stderr: "" };
      },
    },
    role: "tool",
    prepare: async () => ({ args: ["verb"], ends: [0], settle: async () => undefined }),
  };
}

const WELL: Verb = { changes: 5, dies: true, code: 0 };

test("a life is counted, ends at its point, and may be over before it", async () => {
  assert.equal(await countPoints(aPlay(WELL)), 10);
  const { struck } = await playPoint(aPlay(WELL), { number: 4, seed: 1 });
  assert.equal(struck, "after change");
  const over = await playPoint(aPlay(WELL), { number: 11, seed: 1 });
  assert.deepEqual([over.struck, over.points], [undefined, 10]);
});

test("a kill that hit nothing is no point that was tried", async () => {
  const blind = playPoint(aPlay({ ...WELL, dies: false }), { number: 4, seed: 1 });
  await assert.rejects(blind, /hit nothing/);
});

test("a verb that changes nothing, or fails although nobody died, proves nothing", async () => {
  await assert.rejects(countPoints(aPlay({ ...WELL, changes: 0 })), /nothing to kill/);
  await assert.rejects(countPoints(aPlay({ ...WELL, code: 1 })), /exit 1, and nobody died/);
});
