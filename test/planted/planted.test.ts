import { match, ok, strictEqual } from "node:assert/strict";
import { after, test } from "node:test";
import { GUARDS } from "../../scripts/check-stages.ts";
import { present } from "@seaworthy/std/assert";
import { complaintsAbout } from "../tidy/rules.ts";
import { PLANTS, type Guard } from "./plants.ts";
import { plantTree } from "./planted-tree.ts";

const tree = plantTree();
after(() => tree[Symbol.dispose]());

const [lint, types, format, deadCode] = await Promise.all([
  tree.run(commandOf("lint")),
  tree.run(commandOf("types")),
  tree.run(["biome", "format", "--reporter=summary"]),
  tree.run(commandOf("dead code")),
]);
const rules = complaintsAbout(tree.files());
const findings: Readonly<Record<Guard, readonly string[]>> = {
  lint: lint.output.split("\n"),
  types: types.output.split("\n"),
  format: format.output.split("\n"),
  "dead code": deadCode.output.split("\n"),
  rules,
};

for (const [name, verdict] of Object.entries({ lint, types, format, deadCode })) {
  test(`${name} goes red over planted violations`, () => ok(!verdict.passed, verdict.output));
}

for (const plant of PLANTS) {
  test(`${plant.guard}: ${plant.says} is seen in ${plant.bad}`, () => {
    const about = findings[plant.guard].filter((line) => line.includes(plant.bad)).join("\n");
    ok(about.includes(plant.says), `nothing red:\n${about}`);
  });
  test(`${plant.guard}: ${plant.good} is left in peace`, () => {
    const seen = tree.files().some((file) => file.path === plant.good.replace(/:\d+$/, ""));
    ok(seen, `${plant.good} does not exist: its peace would prove nothing`);
    const about = findings[plant.guard].filter((line) => line.includes(plant.good));
    strictEqual(about.filter((line) => line.includes(plant.says)).join("\n"), "");
  });
}

test("rules over no file at all are red", () => {
  for (const complaint of complaintsAbout([])) match(complaint, /saw no file/);
  ok(complaintsAbout([]).length > 0);
});

function commandOf(name: string): (typeof GUARDS)[number]["command"] {
  return present(
    GUARDS.find((guard) => guard.name === name),
    `the guard ${name}`,
  ).command;
}
