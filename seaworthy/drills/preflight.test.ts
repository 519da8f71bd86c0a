import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "@seaworthy/std/random";
import type { JournalEntry } from "../record/journal.ts";
import { anInstance, anObserved } from "./observed.fixture.ts";
import { aGraph, aParsed, aUnit } from "./planted.fixture.ts";
import { chooseVictim, objectivesOf, preflight, unitOf } from "./preflight.ts";
import { DrillRefused } from "./request.ts";

const unit = aUnit(2);
const asked = {
  name: "kill-instance",
  unit: undefined,
  parsed: aParsed(unit),
  graph: aGraph(unit),
  allowOutage: false,
  faults: new Set(["kill", "freeze"]),
} as const;
const two = anObserved([anInstance("api-1"), anInstance("api-2")]);

function refusal(given: Parameters<typeof preflight>[0], observed = two): string {
  const ready = preflight(given, { observed, journal: [] });
  return ready.ok ? "ready" : ready.error;
}

test("a whole system is ready to be drilled", () => {
  assert.equal(refusal(asked), "ready");
});

test("what could not be verified anyway is not broken", () => {
  const one = anObserved([anInstance("api-1"), anInstance("api-2", { state: "unready" })]);
  assert.match(refusal(asked, one), /api: 1 of 2 ready/);
  const unrouted = anObserved([anInstance("api-1"), anInstance("api-2", { routed: false })]);
  assert.match(refusal(asked, unrouted), /api: 1 of 2 ready/);
  assert.match(refusal(asked, { ...two, units: [] }), /api: 0 of 2 ready/);
  assert.match(refusal({ ...asked, parsed: aParsed(unit, { load: undefined }) }), /no load/);
  assert.match(refusal({ ...asked, faults: new Set() }), /local cannot kill/);
});

test("a fault of an earlier run that is still open comes first", () => {
  const fault = { kind: "freeze", instance: "api-1", forMs: 1 } as const;
  const handle = { id: "f1", fault, processes: [], undoByWallMs: 0 };
  const entry: JournalEntry = { entry: "fault", operation: "o", fault: handle };
  const ready = preflight(asked, { observed: two, journal: [entry] });
  assert.match(ready.ok ? "" : ready.error, /earlier freeze of api-1/);
});

test("a drill that a service excludes is refused with the reason", () => {
  const api = asked.parsed.system.services["api"];
  assert.ok(api !== undefined);
  const drillsExcluded = { "kill-instance": "holds a device lock" };
  const parsed = aParsed(unit, { services: { api: { ...api, drillsExcluded } } });
  assert.throws(() => refusal({ ...asked, parsed }), /excludes kill-instance: holds a device lock/);
});

test("an unknown unit and a drill with nothing to judge are refused with the way out", () => {
  assert.throws(() => unitOf({ ...asked, unit: "web" }), DrillRefused);
  const objectives = { ...asked.parsed.system.objectives, errorRatio: undefined };
  const parsed = aParsed(unit, { objectives });
  assert.throws(() => objectivesOf({ name: "kill-instance", parsed }), /none of these is declared/);
});

test("the same seed chooses the same victim, and others choose others", () => {
  const [seen] = two.units;
  assert.ok(seen !== undefined);
  const chosen = (seed: number): string => chooseVictim(seen, seeded(seed)).id;
  assert.equal(chosen(5), chosen(5));
  const all = new Set(Array.from({ length: 20 }, (_, seed) => chosen(seed)));
  assert.equal(all.size, 2);
});
