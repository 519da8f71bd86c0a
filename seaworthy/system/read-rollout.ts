import { choice, duration, factor, integer, percent } from "./kinds.ts";
import { openFields, type Fields } from "./reader.ts";
import type { RolloutSettings, Service } from "./system.ts";

const ROLLOUT_LATER = "Only `rolling` for now; blue-green and canary come in a later version.";

export function readRolloutField(parent: Fields): RolloutSettings {
  return parent.part({
    name: "rollout",
    means: "How a new release takes over.",
    expected: "{ strategy, surge, bake, bakeRequests, abort }",
    read: (input, site) => {
      const fields = openFields(input, site, "{ strategy, surge, bake, bakeRequests, abort }");
      const rollout: RolloutSettings = {
        strategy: fields.leaf({
          name: "strategy",
          kind: choice(["rolling"], { "blue-green": ROLLOUT_LATER, canary: ROLLOUT_LATER }),
          default: "rolling",
          means: "One instance after the other.",
        }),
        surge: fields.leaf({
          name: "surge",
          kind: integer({ min: 0, max: 100 }),
          default: 1,
          means: "Extra instances while rolling; 0 rolls below the declared capacity.",
        }),
        bakeMs: fields.leaf({
          name: "bake",
          as: "bakeMs",
          kind: duration(),
          default: 30_000,
          means: "How long the new release is watched beside the old one before it is committed.",
        }),
        bakeRequestsMin: fields.leaf({
          name: "bakeRequests",
          as: "bakeRequestsMin",
          kind: integer({ min: 0, max: 1_000_000 }),
          default: 200,
          means: "Requests a bake must have seen; fewer is inconclusive.",
        }),
        abort: readAbort(fields),
      };
      fields.end();
      return rollout;
    },
  });
}

function readAbort(parent: Fields): RolloutSettings["abort"] {
  return parent.part({
    name: "abort",
    means: "What takes a new release back.",
    expected: '{ errors: "1%", p95: "2x" }',
    read: (input, site) => {
      const fields = openFields(input, site, '{ errors: "1%", p95: "2x" }');
      const errorRatio = fields.leaf({
        name: "errors",
        as: "errorRatio",
        kind: percent(),
        default: 0.01,
        means: "Share of failed requests above which the release is taken back.",
      });
      const p95Factor = fields.leaf({
        name: "p95",
        as: "p95Factor",
        kind: factor({ min: 1 }),
        default: 2,
        means: "p95 beyond this many times the old release's takes the release back.",
      });
      fields.end();
      return { errorRatio, p95Factor };
    },
  });
}

export function readRestartField(parent: Fields): Service["restart"] {
  const expected = '{ backoffFirst: "250ms", backoffMax: "30s" }';
  const means = "Pause before an instance that ended is started again; doubles each time.";
  return parent.part({
    name: "restart",
    means,
    expected,
    read: (input, site) => {
      const fields = openFields(input, site, expected);
      const first = duration({ min: 10 });
      const restart = {
        backoffFirstMs: fields.leaf({
          name: "backoffFirst",
          as: "backoffFirstMs",
          kind: first,
          default: 250,
          means: "The first pause.",
        }),
        backoffMaxMs: fields.leaf({
          name: "backoffMax",
          as: "backoffMaxMs",
          kind: first,
          default: 30_000,
          means: "The longest pause.",
        }),
      };
      fields.end();
      return restart;
    },
  });
}
