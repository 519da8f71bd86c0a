import fc from "fast-check";
import type { ServiceUnit } from "../plan/graph.ts";
import type { Step, StepResult } from "../record/step.ts";
import type { Observed, Target } from "../targets/target.ts";
import type { Behaviour, ModelTarget } from "./model-target.fixture.ts";

/** One random life of an operation on a target that fails, lags and lies. */
export interface Hardship {
  readonly strategy: ServiceUnit["rollout"]["strategy"];
  readonly shares: readonly number[];
  readonly before: number;
  readonly replicas: number;
  readonly surge: number;
  readonly fresh: Behaviour;
  readonly ratePerSecond: number;
  readonly mishaps: readonly Mishap[];
  /** Nothing can be observed in these times. */
  readonly deaf: readonly { readonly fromMs: number; readonly forMs: number }[];
  /** What is observed is so old. */
  readonly lagMs: number;
  readonly deaths: readonly Death[];
  readonly forgets: readonly number[];
  /** How runs end that do not come to their end by themselves; the last one is left alone. */
  readonly cuts: readonly Cut[];
  readonly answer: "keep" | "go-back" | "nobody";
}

/** What becomes of the n-th step; `does-and-fails`: it is done, and said not to be. */
interface Mishap {
  readonly nth: number;
  readonly what: "fails" | "does-and-fails" | "hangs" | "breaks";
}

interface Death {
  readonly atMs: number;
  readonly which: number;
  readonly forMs: number;
}

/** Milliseconds or steps after the run began. */
type Cut =
  | { readonly how: "killed"; readonly step: number }
  | { readonly how: "lease-lost" | "ctrl-c"; readonly afterMs: number };

const fresh: fc.Arbitrary<Behaviour> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ bootMs: 1_000 }) },
  fc.constantFrom<Behaviour[]>(
    { bootMs: 9_000 },
    { bootMs: 0, neverReady: true },
    { bootMs: 500, crashesAfterMs: 4_000 },
    { bootMs: 500, errorRatio: 0.2 },
    { bootMs: 500, latencyMs: 150 },
    { bootMs: 500, leaksBytesPerS: 60 * 1_048_576 },
  ),
);

const moment = fc.integer({ min: 0, max: 60_000 });
const cut: fc.Arbitrary<Cut> = fc.oneof(
  fc.record({ how: fc.constant("killed" as const), step: fc.integer({ min: 1, max: 30 }) }),
  fc.record({
    how: fc.constantFrom("lease-lost" as const, "ctrl-c" as const),
    afterMs: fc.integer({ min: 100, max: 60_000 }),
  }),
);

export const hardships: fc.Arbitrary<Hardship> = fc.record({
  strategy: fc.constantFrom<Hardship["strategy"][]>("rolling", "blue-green", "canary"),
  shares: fc.constantFrom([0.05], [0.25, 0.5], [0.05, 0.75]),
  before: fc.integer({ min: 1, max: 4 }),
  replicas: fc.integer({ min: 1, max: 4 }),
  surge: fc.integer({ min: 1, max: 2 }),
  fresh,
  ratePerSecond: fc.constantFrom(1, 500, 500, 500),
  mishaps: fc.array(
    fc.record({
      nth: fc.integer({ min: 1, max: 30 }),
      what: fc.constantFrom<Mishap["what"][]>("fails", "does-and-fails", "hangs", "breaks"),
    }),
    { maxLength: 2 },
  ),
  deaf: fc.array(fc.record({ fromMs: moment, forMs: fc.integer({ min: 100, max: 30_000 }) }), {
    maxLength: 1,
  }),
  lagMs: fc.constantFrom(0, 0, 300, 900),
  deaths: fc.array(
    fc.record({
      atMs: moment,
      which: fc.integer({ min: 0, max: 9 }),
      forMs: fc.integer({ min: 100, max: 3_000 }),
    }),
    { maxLength: 1 },
  ),
  forgets: fc.array(moment, { maxLength: 2 }),
  cuts: fc.array(cut, { maxLength: 2 }),
  answer: fc.constantFrom<Hardship["answer"][]>("keep", "go-back", "nobody"),
});

/** Nothing goes wrong. */
export const EASE: Hardship = {
  strategy: "canary",
  shares: [0.25],
  before: 2,
  replicas: 2,
  surge: 1,
  fresh: { bootMs: 1_000 },
  ratePerSecond: 500,
  mishaps: [],
  deaf: [],
  lagMs: 0,
  deaths: [],
  forgets: [],
  cuts: [],
  answer: "go-back",
};

/** The model as a target that is as bad as the hardship says; `watch` sees each step first. */
export function hardTarget(
  model: ModelTarget,
  hardship: Hardship,
  watch: (step: Step) => void,
): Target {
  let applied = 0;
  model.onStep = (step) => {
    watch(step);
    applied += 1;
    const nth = applied;
    const mishap = hardship.mishaps.find((one) => one.nth === nth);
    return mishap === undefined ? undefined : befall(model, step, mishap.what);
  };
  return { ...model.target, observe: observer(model, hardship) };
}

function befall(
  model: ModelTarget,
  step: Step,
  what: Mishap["what"],
): StepResult | Promise<undefined> {
  switch (what) {
    case "fails":
      return refusal(step);
    case "does-and-fails":
      model.force(step);
      return refusal(step);
    case "hangs":
      return new Promise<undefined>(() => {});
    case "breaks":
      throw new Error("the connection broke");
  }
}

function refusal(step: Step): StepResult {
  return { outcome: "failed", because: `${step.action} is refused`, detail: [] };
}

/** Shows the newest of what was there `lagMs` ago; nothing at all while it is deaf. */
function observer(model: ModelTarget, { lagMs, deaf }: Hardship): Target["observe"] {
  let past: readonly { readonly atMs: number; readonly seen: Observed }[] = [];
  return async () => {
    const nowMs = model.clock.now();
    if (deaf.some(({ fromMs, forMs }) => fromMs <= nowMs && nowMs < fromMs + forMs)) {
      throw new Error("nobody answers");
    }
    past = [
      ...past.filter(({ atMs }) => atMs > nowMs - 5_000),
      { atMs: nowMs, seen: model.observed() },
    ];
    return (
      (past.findLast(({ atMs }) => atMs <= nowMs - lagMs) ?? past[0])?.seen ?? model.observed()
    );
  };
}

/** What comes over the world by itself, whoever is at work. */
export async function befallWorld(model: ModelTarget, hardship: Hardship): Promise<void> {
  const events = [
    ...hardship.deaths.map(({ atMs, which, forMs }) => ({
      atMs,
      happen: () => {
        const ids = [...model.machines.keys()];
        const id = ids[which % Math.max(1, ids.length)];
        if (id !== undefined) model.die(id, forMs);
      },
    })),
    ...hardship.forgets.map((atMs) => ({ atMs, happen: () => model.forgetCounters() })),
  ];
  for (const { atMs, happen } of events.toSorted((a, b) => a.atMs - b.atMs)) {
    await model.clock.sleep(Math.max(0, atMs - model.clock.now()));
    happen();
  }
}
