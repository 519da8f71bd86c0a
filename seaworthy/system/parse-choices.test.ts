import assert from "node:assert/strict";
import { test } from "node:test";
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
