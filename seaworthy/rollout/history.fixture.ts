import fc from "fast-check";
import { strategyOf } from "../plan/strategy.ts";
import type { RolloutSettings } from "../system/system.ts";
import type { Goal } from "./goal.ts";
import type { Manners, Nature } from "./model-world.fixture.ts";

/** One random life of a roll. Times are ticks of 100 ms. */
export interface History extends Manners {
  readonly strategy: RolloutSettings["strategy"];
  /** Shares of a canary, rising. */
  readonly shares: readonly number[];
  readonly before: number;
  readonly replicas: number;
  readonly surge: number;
  readonly kind: "create" | "roll" | "scale" | "restart";
  readonly fresh: Nature;
  /** What happens to instances of the old release that are started on the way back. */
  readonly old: Nature;
  readonly oldDiesAt: number | undefined;
  /** So many of the serving ones run a release that an earlier run left, and never proved. */
  readonly strangers: number;
  /** Old ones that an earlier run left unrouted. */
  readonly leftWarm: number;
  /** A person took one of the old ones out of the edge. */
  readonly isolated: boolean;
  /** What each judgement says, in turn; the last one goes on. */
  readonly judged: readonly ("pass" | "fail" | "inconclusive")[];
  /** The runner dies at these ticks and is started again with nothing in mind. */
  readonly crashes: readonly number[];
  /** The run after a crash does not know by which shares it came so far. */
  readonly forgets: boolean;
  /** Looking fails from these ticks on, for a while. */
  readonly blind: readonly number[];
  /** The n-th step of this kind is refused; a refused switch may have been done all the same. */
  readonly refusals: readonly Refusal[];
  readonly seed: number;
}

export interface Refusal {
  readonly action: "start" | "switch" | "drain" | "stop" | "commit";
  readonly nth: number;
}

export const UNIT = "api";
export const OLD = "r1";
export const NEW = "r2";
export const STRANGER = "r9";
const LIMITS = { bootMs: 4_000, drainMs: 1_000, stopMs: 1_000 };

export const good: fc.Arbitrary<Nature> = fc.record({
  bootTicks: fc.integer({ min: 0, max: 20 }),
  fate: fc.constant("good" as const),
});

export const anyNature: fc.Arbitrary<Nature> = fc.record({
  bootTicks: fc.integer({ min: 0, max: 20 }),
  fate: fc.constantFrom<Nature["fate"][]>(
    "good",
    "never-ready",
    "dies-booting",
    "dies-serving",
    "crashes",
    "no-start",
  ),
});

const shares = fc
  .uniqueArray(fc.constantFrom(0.01, 0.05, 0.2, 0.25, 0.4, 0.5, 0.75, 0.9), {
    minLength: 1,
    maxLength: 3,
  })
  .map((some) => some.toSorted((a, b) => a - b));

const refusal: fc.Arbitrary<Refusal> = fc.record({
  action: fc.constantFrom<Refusal["action"][]>("start", "switch", "drain", "stop", "commit"),
  nth: fc.integer({ min: 1, max: 6 }),
});

export function histories(fresh: fc.Arbitrary<Nature> = anyNature): fc.Arbitrary<History> {
  const tick = fc.integer({ min: 0, max: 200 });
  return fc.record({
    strategy: fc.constantFrom<History["strategy"][]>("rolling", "blue-green", "canary"),
    shares,
    before: fc.integer({ min: 1, max: 5 }),
    replicas: fc.integer({ min: 1, max: 5 }),
    surge: fc.integer({ min: 1, max: 3 }),
    kind: fc.constantFrom<History["kind"][]>("roll", "roll", "roll", "create", "scale", "restart"),
    fresh,
    old: good,
    oldDiesAt: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined, freq: 4 }),
    strangers: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5 })),
    leftWarm: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 })),
    isolated: fc.boolean(),
    judged: fc.array(fc.constantFrom("pass", "pass", "pass", "fail", "inconclusive"), {
      minLength: 1,
      maxLength: 4,
    }),
    crashes: fc.array(tick, { maxLength: 3 }),
    forgets: fc.boolean(),
    blind: fc.array(tick, { maxLength: 2 }),
    refusals: fc.array(refusal, { maxLength: 2 }),
    lag: fc.integer({ min: 0, max: 3 }),
    late: fc.integer({ min: 0, max: 3 }),
    seed: fc.integer({ min: 1, max: 1_000_000 }),
  });
}

/** Everything goes well, one instance after the other. */
export const QUIET: History = {
  strategy: "rolling",
  shares: [0.05, 0.25],
  before: 3,
  replicas: 3,
  surge: 1,
  kind: "roll",
  fresh: { bootTicks: 5, fate: "good" },
  old: { bootTicks: 5, fate: "good" },
  oldDiesAt: undefined,
  strangers: 0,
  leftWarm: 0,
  isolated: false,
  judged: ["pass"],
  crashes: [],
  forgets: false,
  blind: [],
  refusals: [],
  lag: 0,
  late: 0,
  seed: 1,
};

/** `next`: the number that the next instance would get when the history begins. */
export function goalFor(history: History, next: number): Goal {
  const { kind, strategy, surge } = history;
  const isCreate = kind === "create";
  const from = isCreate ? 0 : history.before;
  const replicas = { from, to: kind === "restart" ? from : history.replicas };
  const isJudged = kind === "roll";
  const canary = history.shares.map((share) => ({ share, bakeMs: 1_500 }));
  const settings = { strategy: kind === "scale" ? "rolling" : strategy, canary, surge } as const;
  return {
    unit: UNIT,
    from: isCreate ? undefined : OLD,
    to: kind === "create" || kind === "roll" ? NEW : OLD,
    replicas,
    strategy: strategyOf({ settings, replicas, isFirst: isCreate, isJudged }),
    renewFrom: kind === "restart" ? next : undefined,
    limits: LIMITS,
    proof: isJudged ? "bake" : kind === "scale" ? "none" : "readiness",
  };
}

/** What a plan says once the new release is the committed one: only leftovers are to be done. */
export function repairOf(goal: Goal): Goal {
  const { to } = goal.replicas;
  const { surge } = goal.strategy;
  const strategy = { surge, warm: surge, shares: [], atOnce: false };
  return { ...goal, from: NEW, to: NEW, replicas: { from: to, to }, strategy, proof: "readiness" };
}
