import { choice, duration, factor, integer, percent } from "./kinds.ts";
import type { Fields } from "./reader.ts";
import type { RolloutSettings, Service } from "./system.ts";

const ROLLOUT_LATER = "Only `rolling` for now; blue-green and canary come in a later version.";

export function readRolloutField(parent: Fields): RolloutSettings {
  return parent.group({
    name: "rollout",
    means: "How a new release takes over.",
    expected: "{ strategy, surge, bake, bakeRequests, abort }",
    read: (fields) => ({
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
    }),
  });
}

function readAbort(parent: Fields): RolloutSettings["abort"] {
  return parent.group({
    name: "abort",
    means: "What takes a new release back.",
    expected: '{ errors: "1%", p95: "2x" }',
    read: (fields) => ({
      errorRatio: fields.leaf({
        name: "errors",
        as: "errorRatio",
        kind: percent(),
        default: 0.01,
        means: "Share of failed requests above which the release is taken back.",
      }),
      p95Factor: fields.leaf({
        name: "p95",
        as: "p95Factor",
        kind: factor({ min: 1 }),
        default: 2,
        means: "p95 beyond this many times the old release's takes the release back.",
      }),
    }),
  });
}

export function readRestartField(parent: Fields): Service["restart"] {
  const pause = duration({ min: 10 });
  return parent.group({
    name: "restart",
    means: "Pause before an instance that ended is started again; doubles each time.",
    expected: '{ backoffFirst: "250ms", backoffMax: "30s" }',
    read: (fields) => ({
      backoffFirstMs: fields.leaf({
        name: "backoffFirst",
        as: "backoffFirstMs",
        kind: pause,
        default: 250,
        means: "The first pause.",
      }),
      backoffMaxMs: fields.leaf({
        name: "backoffMax",
        as: "backoffMaxMs",
        kind: pause,
        default: 30_000,
        means: "The longest pause.",
      }),
    }),
  });
}
