import assert from "node:assert/strict";
import { test } from "node:test";
import { diff } from "./diff.ts";
import type { Plan } from "./plan.ts";
import { planJson, planText, readPlan } from "./render.ts";
import { applied, aService, EMPTY_WORLD, graphOf, observe, releasesFor } from "./world.fixture.ts";

function aPlan(): Plan {
  const run = { build: "./m", command: ["node", "m.ts"] };
  const before = graphOf({ services: { api: aService(), old: aService() } });
  const first = { graph: before, releases: releasesFor(before), provenObjectives: [] };
  const world = applied(diff({ ...first, observed: observe(EMPTY_WORLD) }), before, EMPTY_WORLD);
  const graph = graphOf({
    services: { api: aService({ env: { A: "x".repeat(200) }, drain: "5s" }), web: aService() },
    jobs: { migrate: { run } },
  });
  const releases = releasesFor(graph, "2");
  return diff({ graph, observed: observe(world), releases, provenObjectives: ["errors"] });
}

test("a plan reads as lines of what is new, changed and gone", () => {
  const lines = planText(aPlan());
  assert.deepEqual(
    lines.filter((line) => /^[+~!-] /.test(line)).map((line) => line.split(":")[0]),
    [
      "+ run-job migrate r-migrate-2",
      "~ roll api r-api-1 → r-api-2 ×2",
      "~ configure api",
      "+ create web r-web-2 ×0 → ×2",
      "- remove old r-old-1 ×2 → ×0",
    ],
  );
  assert.ok(lines.includes("    ~ drainMs 10000 → 5000"));
  assert.match(lines.join("\n"), /expected: no failed request, 1 extra instance, about \d+ s/);
  assert.match(lines.join("\n"), /loses its evidence: errors/);
  assert.ok(lines.every((line) => line.length < 130 && !line.includes("\n")));
});

test("a plan that changes who serves users says that connections are refused for a moment", () => {
  const plan = aPlan();
  const [step] = plan.steps;
  assert.ok(step !== undefined);
  const fields = [{ path: "edge.provider", from: "gateway", to: "haproxy" }];
  const moved = planText({ ...plan, steps: [{ ...step, fields }] });
  assert.match(moved.join("\n"), /expected: connections refused for a moment by the edge, no fail/);
});

test("an empty plan says that there is nothing to do", () => {
  const plan: Plan = { ...aPlan(), steps: [] };
  assert.deepEqual(planText(plan), ["nothing to do: what runs is what is declared"]);
});

test("a plan file is read back as the plan that was written", () => {
  const plan = aPlan();
  const read = readPlan(JSON.stringify(planJson(plan)));
  assert.ok(read.ok);
  assert.deepEqual(read.value, plan);
});

test("what is no plan, or a newer one, is refused with a reason", () => {
  const refused = (text: string): string => {
    const read = readPlan(text);
    return read.ok ? "" : read.error;
  };
  assert.match(refused("{"), /no JSON/);
  assert.match(refused("{}"), /schemaVersion/);
  assert.match(refused('{"schemaVersion":2}'), /newer/);
  assert.match(refused('{"schemaVersion":1}'), /system/);
  const plan = JSON.stringify({ ...planJson(aPlan()), losesEvidence: ["luck"] });
  assert.match(refused(plan), /losesEvidence/);
});
