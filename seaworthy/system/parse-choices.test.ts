import assert from "node:assert/strict";
import { test } from "node:test";
import { explainField } from "./explain.ts";
import { aSystem, brief, faults, run, understood } from "./parse.fixture.ts";

test("what stress asks for is read: canaries, schedules, limits of a client, a hash", () => {
  const hashed = { to: "api", balance: "consistent-hash", hashBy: "cookie:session" };
  const { system } = understood(
    aSystem({
      services: { api: { run, rollout: { strategy: "canary" } } },
      jobs: { report: { run, when: "0 3 * * mon" }, mend: { run, when: "on-demand" } },
      edge: {
        routes: { "/": hashed },
        tls: { certificate: "a.pem", key: "a.key" },
        trustedProxies: ["10.0.0.0/8"],
        limits: { rate: "100/min", burst: 20, connectionsPerClient: 50 },
      },
      drills: { every: "7d" },
      secrets: { from: ["files:/run/secrets"] },
    }),
  );
  assert.deepEqual(
    system.services["api"]?.rollout.canary.map(({ share }) => share),
    [0.05, 0.25],
  );
  assert.deepEqual(
    Object.values(system.jobs).map(({ when, schedule }) => [when, schedule]),
    [
      ["schedule", "0 3 * * mon"],
      ["on-demand", undefined],
    ],
  );
  assert.deepEqual(system.edge?.limits.rate, { requests: 100, perMs: 60_000, burst: 20 });
  assert.deepEqual(system.edge.routes[0]?.hashBy, { by: "cookie", name: "session" });
  assert.equal(system.drills.everyMs, 7 * 86_400_000);
  assert.deepEqual(system.secrets.from, [{ kind: "files", folder: "/run/secrets" }]);
});

test("what belongs together is refused apart", () => {
  const edge = (route: object, limits: object = {}) =>
    aSystem({ edge: { routes: { "/": { to: "api", ...route } }, limits } });
  const rollout = (given: object) => aSystem({ services: { api: { run, rollout: given } } });
  const steps = [{ share: "5%" }, { share: "5%" }];
  const cases: readonly (readonly [object, string])[] = [
    [edge({ hashBy: "path" }), 'bad-value edge.routes["/"].hashBy'],
    [edge({}, { burst: 3 }), "bad-value edge.limits.burst"],
    [rollout({ steps: [{ share: "5%" }] }), "bad-value services.api.rollout.steps"],
    [rollout({ strategy: "canary", steps }), "bad-value services.api.rollout.steps[1]"],
    [aSystem({ jobs: { a: { run, when: "0 3 * *" } } }), "bad-value jobs.a.when"],
    [aSystem({ jobs: { a: { run, when: "0 0 31 2 *" } } }), "bad-value jobs.a.when"],
    [edge({ balance: "consistent-hash", hashBy: "moon" }), 'bad-value edge.routes["/"].hashBy'],
  ];
  for (const [input, expected] of cases) assert.deepEqual(brief(faults(input)), [expected]);
});

test("times in which drills rest are read in UTC, a date as a whole day", () => {
  const blackouts = [
    { from: "2026-12-20", to: "2026-12-26" },
    { from: "2026-12-31T18:00:00+01:00", to: "2027-01-01T06:00:00Z" },
    { cron: "0 18 * * fri", for: "62h" },
  ];
  const { drills } = understood(aSystem({ drills: { blackouts } })).system;
  assert.deepEqual(drills.blackouts, [
    { kind: "once", from: "2026-12-20T00:00:00.000Z", to: "2026-12-27T00:00:00.000Z" },
    { kind: "once", from: "2026-12-31T17:00:00.000Z", to: "2027-01-01T06:00:00.000Z" },
    { kind: "recurring", cron: "0 18 * * fri", forMs: 62 * 3_600_000 },
  ]);
  const without = understood(aSystem());
  const empty = understood(aSystem({ drills: { blackouts: [] } }));
  assert.equal(empty.hash, without.hash, "none is as good as nothing said");
  assert.match(explainField("drills.blackouts.*.to") ?? "", /whole of that day/);
  assert.match(explainField("drills.blackouts.*.cron") ?? "", /five fields of cron/);
});

test("times in which drills rest that are none are refused, each at its place", () => {
  const at = "drills.blackouts";
  const cases: readonly (readonly [object, readonly string[]])[] = [
    [{ from: "2026-12-27", to: "2026-12-20" }, [`contradiction ${at}[0].to`]],
    [{ from: "2026-12-20T00:00:00Z", to: "2026-12-20T00:00:00Z" }, [`contradiction ${at}[0].to`]],
    [{ from: "2026-01-01", to: "2027-12-31" }, [`bad-value ${at}[0].to`]],
    [{ from: "2026-02-30", to: "2026-03-01" }, [`bad-value ${at}[0].from`]],
    [{ from: "2026-12-20T18:00:00", to: "2026-12-21" }, [`bad-value ${at}[0].from`]],
    [{ from: "2026-12-20T24:00:00Z", to: "2026-12-22" }, [`bad-value ${at}[0].from`]],
    [{ from: 20261220, to: "tomorrow" }, [`bad-value ${at}[0].from`, `bad-value ${at}[0].to`]],
    [{ from: "2026-12-20" }, [`missing-field ${at}[0].to`]],
    [{ cron: "0 18 * *", for: "1h" }, [`bad-value ${at}[0].cron`]],
    [{ cron: "0 0 31 2 *", for: "1h" }, [`bad-value ${at}[0].cron`]],
    [{ cron: "0 18 * * fri" }, [`missing-field ${at}[0].for`]],
    [{ cron: "0 18 * * fri", for: "45d" }, [`bad-duration ${at}[0].for`]],
    [{ cron: "0 18 * * fri", for: "1h", from: "2026-12-20" }, [`contradiction ${at}[0].cron`]],
    [{ cron: "0 0 * * *", for: "24h" }, [`contradiction ${at}`]],
    [{ from: "2026-12-20", to: "2026-12-21", why: "peace" }, [`unknown-field ${at}[0].why`]],
  ];
  for (const [blackout, expected] of cases) {
    const found = faults(aSystem({ drills: { blackouts: [blackout] } }));
    assert.deepEqual(brief(found), expected, JSON.stringify(blackout));
    for (const { why, fix } of found) assert.ok(why !== "" && fix !== "");
  }
  const week = { cron: "0 0 * * mon-fri", for: "24h" };
  const rest = { cron: "0 0 * * sat", for: "48h" };
  assert.deepEqual(faults(aSystem({ drills: { blackouts: [week] } })), []);
  assert.deepEqual(brief(faults(aSystem({ drills: { blackouts: [week, rest] } }))), [
    `contradiction ${at}`,
  ]);
  assert.deepEqual(brief(faults(aSystem({ drills: { blackouts: "never" } }))), [`bad-value ${at}`]);
});
