import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "@seaworthy/std/random";
import type { Fault } from "../record/fault.ts";
import type { JournalEntry } from "../record/journal.ts";
import { anInstance, anObserved } from "./observed.fixture.ts";
import { aGraph, aParsed, aUnit } from "./planted.fixture.ts";
import { notPlayable, objectivesOf, unitOf } from "./allowed.ts";
import { chooseVictim, preflight } from "./preflight.ts";
import { DrillRefused } from "./request.ts";

const unit = aUnit(2);
const asked = {
  name: "kill-instance",
  unit: undefined,
  parsed: aParsed(unit),
  graph: aGraph(unit),
  allowOutage: false,
  tierMax: "T1",
  platform: { name: "local", edge: "none", faults: new Set<Fault["kind"]>(["kill", "freeze"]) },
} as const;
const FREE = { memoryBytes: 8_000_000_000, addresses: 100, diskBytes: 8_000_000_000 };
const two = anObserved([anInstance("api-1"), anInstance("api-2")]);

function refusal(given: Parameters<typeof preflight>[0], observed = two): string {
  const ready = preflight(given, { observed, journal: [], free: FREE });
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
});

test("what the platform cannot do is said with what it lacks", () => {
  const platform = { ...asked.platform, faults: new Set<Fault["kind"]>() };
  assert.equal(refusal({ ...asked, platform }), "local cannot kill");
  const faultGaps = { kill: "no signals on this machine" };
  const lacking = { ...asked, platform: { ...platform, faultGaps } };
  assert.equal(refusal(lacking), "local cannot kill: no signals on this machine");
});

test("nothing is broken while something else is half done", () => {
  const release = { release: "r2" };
  const rolling = anObserved([anInstance("api-1"), anInstance("api-2", release)]);
  assert.match(refusal(asked, rolling), /api runs r1 and r2 at once/);
  const extra = anObserved(["api-1", "api-2", "api-3"].map((id) => anInstance(id)));
  assert.match(refusal(asked, extra), /api: 3 instances where 2 are wanted/);
  const silent = { ...two, edge: { addresses: [], ready: false } };
  assert.match(refusal(asked, silent), /the edge does not answer/);
  const begin: JournalEntry = {
    entry: "begin",
    operation: "up-1",
    verb: "up",
    at: "",
    changes: [],
  };
  const ready = preflight(asked, { observed: two, journal: [begin], free: FREE });
  assert.match(ready.ok ? "" : ready.error, /up \(up-1\) was begun and has not ended/);
});

test("a machine without memory or disk to spare is not drilled", () => {
  for (const free of [
    { ...FREE, memoryBytes: 1 },
    { ...FREE, diskBytes: 1 },
  ]) {
    const ready = preflight(asked, { observed: two, journal: [], free });
    assert.match(ready.ok ? "" : ready.error, /only 0MiB of (memory|disk) are free/);
  }
});

test("a tier above the one that is allowed is refused, and so is the last member", () => {
  const isRefused = (code: string) => (error: unknown) =>
    error instanceof DrillRefused && error.code === code;
  assert.throws(() => refusal({ ...asked, tierMax: "T0" }), isRefused("tier"));
  assert.equal(refusal({ ...asked, tierMax: "T3" }), "ready");
  const [unit] = two.units;
  assert.ok(unit !== undefined);
  const single = { ...two, units: [{ ...unit, desired: 1, instances: [anInstance("api-1")] }] };
  assert.throws(() => refusal(asked, single), isRefused("last-member"));
  assert.equal(refusal({ ...asked, allowOutage: true }, single), "ready");
});

test("a fault of an earlier run that is still open comes first", () => {
  const fault = { kind: "freeze", instance: "api-1", forMs: 1 } as const;
  const handle = { id: "f1", fault, processes: [], undoByWallMs: 0 };
  const entry: JournalEntry = { entry: "fault", operation: "o", fault: handle };
  const ready = preflight(asked, { observed: two, journal: [entry], free: FREE });
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

test("what would be no use to ask for is known before anything is looked at", () => {
  assert.equal(notPlayable(asked), undefined);
  const none = { ...asked.parsed.system.objectives, errorRatio: undefined };
  const cases = [
    [{ tierMax: "T0" }, /kill-instance is of tier T1, and T0 is allowed here/],
    [{ unit: "web" }, /no service web/],
    [{ parsed: aParsed(unit, { load: undefined }) }, /no load is declared/],
    [{ parsed: aParsed(unit, { objectives: none }) }, /none of these is declared/],
    [{ platform: { ...asked.platform, faults: new Set<Fault["kind"]>() } }, /local cannot kill/],
  ] as const;
  for (const [given, because] of cases) {
    assert.match(notPlayable({ ...asked, ...given }) ?? "it is playable", because);
  }
});

test("the same seed chooses the same victim, and others choose others", () => {
  const [seen] = two.units;
  assert.ok(seen !== undefined);
  const chosen = (seed: number): string => chooseVictim(seen, seeded(seed)).id;
  assert.equal(chosen(5), chosen(5));
  const all = new Set(Array.from({ length: 20 }, (_, seed) => chosen(seed)));
  assert.equal(all.size, 2);
});
