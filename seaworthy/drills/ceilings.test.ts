import assert from "node:assert/strict";
import { test } from "node:test";
import { Ceilings, type CeilingRules, type Look, underFloor } from "./ceilings.ts";

const RULES: CeilingRules = { failingMsMax: 3_000, untested: [] };
const GIBIBYTE = 1_073_741_824;

function aLook(given: Partial<Look> = {}): Look {
  return {
    elapsedMs: 1_000,
    sent: 100,
    failed: 0,
    p95Ms: 20,
    p99Ms: 30,
    hurt: [],
    memoryBytes: 8 * GIBIBYTE,
    diskBytes: 8 * GIBIBYTE,
    lost: [],
    ...given,
  };
}

/** The reasons of so many looks alike, one after the other. */
function looks(ceilings: Ceilings, count: number, given: Partial<Look>): (string | undefined)[] {
  return Array.from({ length: count }, () => ceilings.look(aLook(given)));
}

test("a sound run is let be, however long", () => {
  const untested = [{ objective: "latency.p95", limit: 500 }] as const;
  const ceilings = new Ceilings({ ...RULES, untested });
  assert.deepEqual(new Set(looks(ceilings, 600, {})), new Set([undefined]));
});

test("most requests failing longer than predicted ends the run", () => {
  const seen = looks(new Ceilings(RULES), 4, { failed: 60 });
  assert.deepEqual(seen.slice(0, 3), [undefined, undefined, undefined]);
  assert.match(seen[3] ?? "", /more than half of all requests failed for 4.0 s, and 3.0 s were/);
});

test("an outage more than twice as long as predicted ends the run, also where few fail", () => {
  const seen = looks(new Ceilings(RULES), 7, { failed: 2 });
  assert.deepEqual(new Set(seen.slice(0, 6)), new Set([undefined]));
  assert.match(seen[6] ?? "", /an outage of 7.0 s .* more than twice the 3.0 s/);
});

test("a system that recovers in between is let be", () => {
  const ceilings = new Ceilings(RULES);
  for (let round = 0; round < 5; round += 1) {
    assert.deepEqual(looks(ceilings, 3, { failed: 100 }), [undefined, undefined, undefined]);
    assert.equal(ceilings.look(aLook()), undefined);
  }
});

test("a look that came late counts for the time that passed", () => {
  const ceilings = new Ceilings(RULES);
  assert.match(ceilings.look(aLook({ elapsedMs: 3_100, failed: 60 })) ?? "", /half/);
});

test("what the drill does not test ends the run when it is violated for long", () => {
  const limits = [
    [{ objective: "errors", limit: 0.001 }, { failed: 1 }],
    [{ objective: "latency.p95", limit: 500 }, { p95Ms: 501 }],
    [{ objective: "latency.p99", limit: 500 }, { p99Ms: 501 }],
  ] as const;
  for (const [objective, broken] of limits) {
    const seen = looks(new Ceilings({ ...RULES, untested: [objective] }), 7, broken);
    assert.deepEqual(new Set(seen.slice(0, 6)), new Set([undefined]));
    assert.match(seen[6] ?? "", new RegExp(`^${objective.objective}, which this drill does not`));
    assert.deepEqual(new Set(looks(new Ceilings(RULES), 60, broken)), new Set([undefined]));
  }
});

test("a latency of too few answers violates nothing", () => {
  const untested = [{ objective: "latency.p95", limit: 500 }] as const;
  const seen = looks(new Ceilings({ ...RULES, untested }), 60, { p95Ms: undefined });
  assert.deepEqual(new Set(seen), new Set([undefined]));
});

test("whoever else is hurt ends the run at the first look", () => {
  const ceilings = new Ceilings(RULES);
  const hurt = ["api-2 is frozen", "api-3 is gone", "web-1 is gone", "web-2 is gone", "and-1"];
  assert.equal(
    ceilings.look(aLook({ hurt })),
    "the fault does more than it may: api-2 is frozen, api-3 is gone, web-1 is gone and 2 more",
  );
});

test("a target that shows nothing for long ends the run: nobody sees what the fault does", () => {
  const seen = looks(new Ceilings(RULES), 16, { hurt: undefined });
  assert.deepEqual(new Set(seen.slice(0, 15)), new Set([undefined]));
  assert.match(seen[15] ?? "", /could not be looked at for 16.0 s/);
});

test("an acknowledged write that is not there ends the run", () => {
  const reason = new Ceilings(RULES).look(aLook({ lost: ["w-1", "w-2"] }));
  assert.equal(reason, "2 acknowledged writes are not there: w-1, w-2");
});

test("memory and disk have floors, also before anything is broken", () => {
  assert.match(
    new Ceilings(RULES).look(aLook({ memoryBytes: 100 * 1_048_576 })) ?? "",
    /only 100MiB of memory are free, and 256MiB must stay so/,
  );
  assert.match(new Ceilings(RULES).look(aLook({ diskBytes: 0 })) ?? "", /only 0MiB of disk/);
  assert.equal(underFloor({ memoryBytes: undefined, diskBytes: undefined }), undefined);
});
