import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import { makeRuns } from "./make-runs.ts";
import type { RunResult, World } from "./measured.ts";

function aWorld(signal = new AbortController().signal): World {
  return { root: "/checkout", clock: systemClock, environment: {}, signal, say: () => {} };
}

function aCell(name: string, fails = false) {
  const make = async (): Promise<RunResult> => {
    if (fails) throw new Error("broke at /checkout/bench");
    const parts = { figures: { failed: 0 }, facts: {}, readings: {}, doubt: undefined };
    return { cell: name, kind: "event", ...parts };
  };
  return { name, event: make, control: undefined };
}

const CELLS = ["a", "b", "c", "d", "e", "f", "g"].map((name) => aCell(name));
const names = CELLS.map(({ name }) => name);

test("each round has every cell once, and no two rounds the same order", async () => {
  const runs = await makeRuns(aWorld(), { runs: 4, seed: 4711 }, { cells: CELLS });
  const orders = [0, 1, 2, 3].map((round) =>
    runs.slice(round * names.length, (round + 1) * names.length).map(({ cell }) => cell),
  );
  for (const order of orders) assert.deepEqual(order.toSorted(), names);
  assert.equal(new Set(orders.map((order) => order.join())).size, orders.length);
});

test("controls are as many as asked for", async () => {
  const [cell] = CELLS;
  assert.ok(cell !== undefined);
  const control = async () => ({ ...(await cell.event()), kind: "control" as const });
  const cells = [{ ...cell, control }];
  const runs = await makeRuns(aWorld(), { runs: 3, seed: 1 }, { cells, controls: 2 });
  const count = (kind: RunResult["kind"]) => runs.filter((run) => run.kind === kind).length;
  assert.deepEqual([count("event"), count("control")], [3, 2]);
});

test("a cell for which fewer are enough has those in the first rounds", async () => {
  const [first, second] = CELLS;
  assert.ok(first !== undefined && second !== undefined);
  const cells = [{ ...first, runsMax: 2 }, second];
  const runs = await makeRuns(aWorld(), { runs: 4, seed: 1 }, { cells });
  assert.deepEqual(
    runs
      .slice(0, 4)
      .map(({ cell }) => cell)
      .toSorted(),
    ["a", "a", "b", "b"],
  );
  assert.deepEqual(
    runs.slice(4).map(({ cell }) => cell),
    ["b", "b"],
  );
});

test("a run that breaks is kept, says why, and proves nothing", async () => {
  const runs = await makeRuns(aWorld(), { runs: 2, seed: 1 }, { cells: [aCell("a", true)] });
  assert.equal(runs.length, 2);
  for (const { doubt, readings } of runs) {
    assert.equal(doubt, "broke at ./bench");
    assert.deepEqual(readings, {});
  }
});

test("what was made before it was stopped is told, and nothing is begun after", async () => {
  const stop = new AbortController();
  const told: string[] = [];
  const made = ({ cell }: RunResult): void => {
    if (told.push(cell) === 3) stop.abort();
  };
  const request = { runs: 2, seed: 1, made };
  const runs = await makeRuns(aWorld(stop.signal), request, { cells: CELLS });
  assert.equal(told.length, 3);
  assert.deepEqual(
    told,
    runs.map(({ cell }) => cell),
  );
});
