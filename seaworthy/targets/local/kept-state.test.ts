import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { diff } from "../../plan/diff.ts";
import { observed } from "./observe.ts";
import { readState } from "./supervisor/state.ts";

const KEPT = fileURLToPath(new URL("fixtures/kept/0.1.0/state.json", import.meta.url));

test("what version 0.1.0 left is read: instances, releases, numbers, jobs", async () => {
  const state = await readState(KEPT);
  assert.deepEqual(
    Object.values(state?.instances ?? {}).map(({ id, routed, weight, isolated }) => [
      ...[id, routed, weight, isolated],
    ]),
    [
      ["web-3", true, 1, undefined],
      ["web-4", true, 1, undefined],
    ],
  );
  assert.deepEqual(state?.releases["web"], {
    committed: "rd741c7e3948f",
    previous: "rdaa0a6b2fcb3",
  });
  assert.deepEqual(state.nextInstance, { migrate: 2, web: 5 });
  assert.equal(Object.values(state.jobs)[0]?.outcome, "done");
  assert.equal(state.gateway.version, undefined, "so its gateway is replaced");
});

test("a system of version 0.1.0 that is declared as it was needs nothing done", async () => {
  const state = await readState(KEPT);
  const seen = observed({ state, gateway: undefined, see: () => undefined });
  const graph = seen.graph;
  assert.ok(graph !== undefined);
  const plan = diff({ graph, observed: seen, releases: new Map(), provenObjectives: [] });
  assert.deepEqual(plan.steps, [], "what it lacks reads as the defaults of today");
});
