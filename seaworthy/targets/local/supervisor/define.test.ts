import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import type { Graph } from "../../../plan/graph.ts";
import { aGraph, aService } from "../../declared.ts";
import { beforeOf, defineGraph } from "./define.ts";
import { aLedger, aRoutedRecord } from "./ledger.fixture.ts";
import { Ports } from "./ports.ts";
import { emptyState, type SupervisorState } from "./state.ts";

const OLD = aGraph([aService()]);
const NEW = aGraph([aService({ replicas: 2 })]);

test("what was defined before an operation is remembered, however often it defines", () => {
  const first = beforeOf({ graph: OLD, before: undefined }, "up-1");
  assert.deepEqual(first, { operation: "up-1", graph: OLD });
  assert.deepEqual(beforeOf({ graph: NEW, before: first }, "up-1"), first);
  const next = beforeOf({ graph: NEW, before: first }, "up-2");
  assert.deepEqual(next, { operation: "up-2", graph: NEW });
});

test("a client that does not say who defines changes nothing of it", () => {
  const before = { operation: "up-1", graph: OLD };
  assert.equal(beforeOf({ graph: NEW, before }, undefined), before);
});

/** What is left of a definition, and what the edge was given by it, where it refuses some. */
async function defined(
  t: TestContext,
  given: { readonly state: SupervisorState; readonly graph: Graph; readonly refused?: Graph },
) {
  const { ledger, read } = await aLedger(t, given.state);
  const pushed: (Graph | undefined)[] = [];
  const push = async (): Promise<never> => {
    pushed.push(ledger.state.graph);
    // Meanwhile an instance is started again.
    await ledger.record((state) => ({ ...state, instances: { "web-1": aRoutedRecord() } }));
    throw new Error(ledger.state.graph === given.refused ? "it refuses" : "it does not answer");
  };
  const definer = { world: { ledger, ports: new Ports("test", systemClock) }, edge: { push } };
  const definition = { graph: given.graph, systemFolder: "/srv/new", operation: "up-2" };
  const failing = defineGraph(definer, definition);
  await assert.rejects(failing, /it refuses/);
  return { state: ledger.state, written: await read(), pushed };
}

test("what the edge refuses is no definition: all is as it was before", async (t) => {
  const former = {
    ...emptyState("owner"),
    graph: OLD,
    before: { operation: "up-1", graph: undefined },
    systemFolder: "/srv/old",
    units: Object.fromEntries(OLD.units.map((unit) => [unit.name, unit])),
    ports: { public: [8443], inner: { web: 20_000 } },
  };
  const refused = aGraph([aService({ replicas: 2 }), aService({ name: "other" })]);
  const seen = await defined(t, { state: former, graph: refused, refused });
  const expected = { ...former, instances: { "web-1": aRoutedRecord() } };
  assert.deepEqual(seen.state, expected);
  assert.deepEqual(seen.written, JSON.parse(JSON.stringify(expected)), "on disk, too");
  assert.deepEqual(seen.pushed, [refused, OLD], "the edge is given the former again");
});

test("of a first definition that is refused only what `down` needs is left", async (t) => {
  const seen = await defined(t, { state: emptyState("owner"), graph: NEW, refused: NEW });
  assert.deepEqual([seen.state.graph, seen.state.before], [undefined, undefined]);
  assert.deepEqual(
    Object.keys(seen.state.units),
    NEW.units.map(({ name }) => name),
  );
  assert.deepEqual(seen.pushed, [NEW, undefined]);
});
