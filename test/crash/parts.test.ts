import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PARTS as FAKE } from "./fake-parts.ts";
import { SCENARIOS } from "./fake-scenarios.ts";
import { PARTS as REAL, type Part } from "./real-tests.ts";
import { VERBS } from "./real-verbs.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** The verbs that are killed for real on demand alone: the fake machine has them in CI. */
const ON_DEMAND = {
  tool: ["change", "bad deploy"],
  supervisor: ["change", "bad deploy", "roll drill"],
  calls: VERBS.filter((verb) => verb !== "up" && verb !== "deploy"),
};

function partsOfFiles(kind: "fake" | "real", call: string): readonly string[] {
  const files = readdirSync(HERE).filter((name) => name.startsWith(`${kind}-`));
  const texts = files.map((name) => [name, readFileSync(`${HERE}/${name}`, "utf8")] as const);
  const called = texts.flatMap(([name, text]) => {
    const part = new RegExp(`^${call}\\("([a-z-]+)"\\);$`, "m").exec(text)?.[1];
    if (part !== undefined) assert.equal(name, `${kind}-${part}.integration.ts`);
    return part ?? [];
  });
  return called.toSorted();
}

test("each part has its file, and each file its part", () => {
  assert.deepEqual(partsOfFiles("real", "killIn"), Object.keys(REAL).toSorted());
  assert.deepEqual(partsOfFiles("fake", "playPart"), Object.keys(FAKE).toSorted());
});

test("each verb is killed on the fake machine by exactly one file", () => {
  for (const { name } of SCENARIOS) {
    const files = Object.values(FAKE).filter((pattern) => pattern.test(name));
    assert.equal(files.length, 1, `${name} is in ${files.length} files`);
  }
  const verbs = new Set(SCENARIOS.map(({ verb }) => verb.argv[0] ?? ""));
  assert.deepEqual([...verbs].toSorted(), ["deploy", "down", "drill", "rollback", "scale", "up"]);
});

test("each verb is killed for real by one file of each role, or is on demand", () => {
  const parts: readonly Part[] = Object.values(REAL);
  for (const role of ["tool", "calls", "supervisor"] as const) {
    const mine = parts.filter((part) => part.role === role);
    const by = (half: Part["half"]) =>
      mine.filter((part) => part.half === half).flatMap(({ verbs }) => verbs);
    assert.deepEqual(by(0), by(1), "both halves of its points");
    const verbs = [...by(undefined), ...by(0), ...ON_DEMAND[role]];
    assert.deepEqual(verbs.toSorted(), [...VERBS].toSorted(), role);
  }
});
