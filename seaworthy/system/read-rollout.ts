import { choice, duration, factor, integer, percent } from "./kinds.ts";
import { child, readObject, type Fields, type Site } from "./reader.ts";
import type { CanaryStep, RolloutSettings, Service } from "./system.ts";

const STEPS_MAX = 20;
const SHARES: readonly CanaryStep[] = [
  { share: 0.05, bakeMs: 30_000 },
  { share: 0.25, bakeMs: 30_000 },
];

export function readRolloutField(parent: Fields): RolloutSettings {
  return parent.group({
    name: "rollout",
    means: "How a new release takes over.",
    expected: "{ strategy, steps, surge, bake, bakeRequests, abort }",
    read: (fields, site) => ({
      ...readStrategy(fields, site),
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

function readStrategy(fields: Fields, site: Site): Pick<RolloutSettings, "strategy" | "canary"> {
  const strategy: RolloutSettings["strategy"] = fields.leaf({
    name: "strategy",
    kind: choice(["rolling", "blue-green", "canary"]),
    default: "rolling",
    means: "One instance after the other, all beside the old ones, or by growing shares.",
  });
  const isCanary = strategy === "canary";
  const canary = fields.list({
    name: "steps",
    as: "canary",
    means: "Shares of the requests that a canary gets, rising, each judged before the next.",
    expected: 'a list of { share: "5%", bake: "30s" }',
    countMax: STEPS_MAX,
    ...(isCanary ? { notEmpty: 'at least one { share: "5%" }' } : {}),
    default: {
      items: isCanary ? SHARES : [],
      shown: '[{ share: "5%" }, { share: "25%" }] of a canary, otherwise none',
    },
    read: readStep,
  });
  if (!isCanary && canary.length > 0) {
    const message = `\`steps\` belong to a canary, and the strategy is ${strategy}`;
    const fix = 'Write strategy: "canary", or remove the steps.';
    site.log.fault(child(site, "steps"), { rule: "bad-value", message, fix });
  }
  const falls = canary.findIndex((step, at) => step.share <= (canary[at - 1]?.share ?? 0));
  if (falls > 0) {
    const message = "the shares of a canary rise from step to step";
    const fix = "Order the steps by their share, each share once.";
    site.log.fault(child(child(site, "steps"), falls), { rule: "bad-value", message, fix });
  }
  return { strategy, canary };
}

function readStep(input: unknown, site: Site): CanaryStep {
  return readObject(input, site, {
    expected: '{ share: "5%", bake: "30s" }',
    read: (fields) => ({
      share: fields.leaf({
        name: "share",
        kind: percent({ min: 0.001, max: 0.99 }),
        means: "Of the service's requests; all of it is the promotion, and no step.",
      }),
      bakeMs: fields.leaf({
        name: "bake",
        as: "bakeMs",
        kind: duration({ min: 1_000 }),
        default: 30_000,
        means: "How long this share is watched at least.",
      }),
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
