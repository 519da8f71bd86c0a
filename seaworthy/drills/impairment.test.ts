import assert from "node:assert/strict";
import { test } from "node:test";
import type { OwnCommand } from "@seaworthy/std/command";
import { type Impairment, impairedCommand, readImpairment } from "./impairment.ts";

const own: OwnCommand = (verb, ...args) => ["/opt/node", "/opt/launch.js", verb, ...args];
const IMPAIRMENT: Impairment = {
  ill: { kind: "errors", ratio: 0.05 },
  onset: { when: "ready", afterMs: 0 },
  spares: undefined,
  seed: 7,
  checks: { health: "/health", ready: "/ready" },
};

test("what was started is what was meant, and the command is the service's own", () => {
  const made = impairedCommand(IMPAIRMENT, ["python3", "-m", "web"], own);
  assert.deepEqual(made.slice(0, 3), ["/opt/node", "/opt/launch.js", "_impair"]);
  const read = readImpairment(made.slice(3), "/opt/node");
  assert.deepEqual(read, { impairment: IMPAIRMENT, command: ["python3", "-m", "web"] });
});

test("a release that runs node still runs node: its files depend on that", () => {
  const made = impairedCommand(IMPAIRMENT, ["node", "main.ts"], own);
  assert.equal(made[0], "node");
  assert.deepEqual(readImpairment(made.slice(3), "/opt/node").command, ["/opt/node", "main.ts"]);
});

test("another seed, ill or onset is another argv, and so another release", () => {
  const argv = (change: Partial<Impairment>) =>
    impairedCommand({ ...IMPAIRMENT, ...change }, ["node", "main.ts"], own).join(" ");
  const all = [
    argv({}),
    argv({ seed: 8 }),
    argv({ ill: { kind: "errors", ratio: 0.5 } }),
    argv({ onset: { when: "told", token: "t" } }),
    argv({ spares: "web-3" }),
  ];
  assert.equal(new Set(all).size, all.length);
  assert.equal(argv({}), argv({}));
});

test("what is none of our making is refused", () => {
  for (const args of [[], ["{}"], ["no JSON", "node"], ["{}", "node"], ['{"ill":1}', "node"]]) {
    assert.throws(() => readImpairment(args, "/opt/node"), `accepted ${JSON.stringify(args)}`);
  }
});
