import type { ServiceUnit } from "../plan/graph.ts";
import { type Strategy, strategyOf, watchedMs } from "../plan/strategy.ts";
import type { InstanceId } from "../record/step.ts";
import { bakeEndsMs } from "../rollout/bake.ts";
import type { Ill, Impairment, Onset } from "./impairment.ts";
import type { Term } from "./prediction.ts";

/** Releases that go bad, each in its own way. */
export const BAD_RELEASES = [
  "never-ready",
  "exiting",
  "crashing",
  "unhealthy",
  "slow",
  "failing",
  "grey",
  "leaking",
  "one-works",
] as const;

export type BadRelease = (typeof BAD_RELEASES)[number];

/** What of a service decides how a bad release of it goes, and how soon that shows. */
export type BadReleaseUnit = Pick<
  ServiceUnit,
  "replicas" | "bootMs" | "drainMs" | "stopMs" | "health" | "ready" | "restart" | "rollout"
> &
  Partial<Pick<ServiceUnit, "memoryBytes">>;

export interface Circumstances {
  readonly seed: number;
  /** The 95th percentile of what serves now, in ms. */
  readonly steadyP95Ms: number;
  /** The first instance that the bad release will have. */
  readonly firstInstance: InstanceId;
}

/** Ten times what it was (the drill's promise), and enough that it is felt on any machine. */
const SLOW_FACTOR = 10;
const SLOW_MS_MIN = 100;
const ERROR_RATIO = 0.05;
/** Past every rule about memory that holds where no limit is declared, for a small service. */
const LEAK_BYTES = 384 * 1_048_576;
/** Past a limit that is declared. */
const LEAK_FACTOR = 1.25;
/** Of the bake: what goes wrong later in it is seen before it ends. */
const ONSET_SHARE = 0.5;

/** How a release of this unit is made bad; the same for the same circumstances. */
export function impairmentFor(
  bad: BadRelease,
  unit: BadReleaseUnit,
  { seed, steadyP95Ms, firstInstance }: Circumstances,
): Impairment {
  const checks = { health: unit.health.path, ready: unit.ready.path };
  const onset: Onset = { when: "ready", afterMs: onsetMs(bad, unit) };
  const spares = bad === "one-works" ? firstInstance : undefined;
  return { ill: illOf(bad, unit, steadyP95Ms), onset, spares, seed, checks };
}

function illOf(bad: BadRelease, unit: BadReleaseUnit, steadyP95Ms: number): Ill {
  switch (bad) {
    case "never-ready":
    case "one-works":
      return { kind: "never-ready" };
    case "exiting":
      return { kind: "exits" };
    case "crashing":
      return { kind: "crashes" };
    case "unhealthy":
      return { kind: "unhealthy" };
    case "slow": {
      const delayMs = Math.ceil(Math.max(SLOW_MS_MIN, (SLOW_FACTOR - 1) * steadyP95Ms));
      return { kind: "slow", delayMs };
    }
    case "failing":
      return { kind: "errors", ratio: ERROR_RATIO };
    case "grey":
      return { kind: "errors", ratio: 1 };
    case "leaking":
      return { kind: "leaks", bytes: leakBytes(unit), overMs: unit.rollout.bakeMs * ONSET_SHARE };
  }
}

/** What each instance of a leaking release will take. */
export function leakBytes({ memoryBytes }: Pick<BadReleaseUnit, "memoryBytes">): number {
  return memoryBytes === undefined ? LEAK_BYTES : Math.ceil(LEAK_FACTOR * memoryBytes);
}

function onsetMs(bad: BadRelease, { rollout }: BadReleaseUnit): number {
  return bad === "crashing" || bad === "unhealthy" ? rollout.bakeMs * ONSET_SHARE : 0;
}

/** When a bad release is taken back on every instance, counted from the start of its roll. */
export interface Bound {
  readonly fromMs: number;
  readonly toMs: number;
  /** What of it need not pass. */
  readonly varies: readonly Term[];
}

/**
 * From configured intervals alone: what must pass before it can be seen, and what may pass until
 * the last of its instances is stopped. `enough`: the load gives a bake its requests in time.
 */
export function takenBack(bad: BadRelease, unit: BadReleaseUnit, enough: boolean): Bound {
  switch (bad) {
    case "never-ready":
      return sum([{ of: "boot", ms: unit.bootMs }], [{ of: "stop", ms: unit.stopMs }]);
    case "one-works":
      return sum(
        [{ of: "boot", ms: unit.bootMs }],
        [...wave(unit), { of: "drain", ms: unit.drainMs }, { of: "stop", ms: unit.stopMs }],
      );
    case "exiting": {
      // Three ends before it was ready once, and two waits between them.
      const { backoffFirstMs, backoffMaxMs } = unit.restart;
      const waits = backoffFirstMs + Math.min(backoffMaxMs, 2 * backoffFirstMs);
      const soonestMs = Math.min(waits, unit.bootMs);
      const rest = { of: "boot", ms: unit.bootMs - soonestMs };
      return sum(
        [{ of: "restart.backoff", ms: soonestMs }],
        [rest, { of: "stop", ms: unit.stopMs }],
      );
    }
    case "crashing":
      return sum(onset(bad, unit), [...forward(unit), ...back(unit)]);
    case "unhealthy": {
      const { everyMs, timeoutMs, fall } = unit.health;
      const seen = { of: "health.fall rounds", ms: fall * (everyMs + timeoutMs) };
      // It may end what it was sent before it is ended.
      const drained = { of: "drain", ms: Math.min(unit.drainMs, unit.stopMs) };
      return sum(onset(bad, unit), [...forward(unit), seen, drained, ...back(unit)]);
    }
    case "slow":
    case "failing":
    case "grey":
    case "leaking":
      return sum([], [...forward(unit), watched(unit, enough), ...back(unit)]);
  }
}

function sum(sure: readonly Term[], varies: readonly Term[]): Bound {
  const total = (terms: readonly Term[]): number => terms.reduce((all, { ms }) => all + ms, 0);
  const fromMs = total(sure);
  return { fromMs, toMs: fromMs + total(varies), varies };
}

/** The same moment of every instance: the first that comes to it is enough. */
function onset(bad: BadRelease, unit: BadReleaseUnit): readonly Term[] {
  return [{ of: "when it goes bad", ms: onsetMs(bad, unit) }];
}

/** Each share of a canary and then all of it: its bake, or its wait for requests. */
function watched({ rollout }: BadReleaseUnit, enough: boolean): Term {
  if (enough) return { of: "rollout.bake", ms: watchedMs(rollout) };
  const steps = rollout.strategy === "canary" ? rollout.canary : [];
  const waits = [...steps, rollout].map(({ bakeMs }) => bakeEndsMs(bakeMs));
  return { of: "rollout.bake, waiting for requests", ms: waits.reduce((all, ms) => all + ms, 0) };
}

/** One wave after the other, until every instance is another one; nothing of it is judged. */
export function replaced(unit: BadReleaseUnit): Bound {
  return sum([], forward(unit));
}

/** As long as a bad release may take requests: all that comes before its judgement. */
export function servesMsMax(unit: BadReleaseUnit, enough: boolean): number {
  return [...forward(unit), watched(unit, enough)].reduce((all, { ms }) => all + ms, 0);
}

/** One instance after the other, `surge` at a time. */
function forward(unit: BadReleaseUnit): readonly Term[] {
  return times(wavesOf(unit), wave(unit));
}

/** The warm ones serve at once; the others start again, behind them. */
function back(unit: BadReleaseUnit): readonly Term[] {
  const waves = wavesOf(unit);
  return [
    ...times(waves - 1, [{ of: "boot", ms: unit.bootMs }]),
    ...times(waves, [
      { of: "drain", ms: unit.drainMs },
      { of: "stop", ms: unit.stopMs },
    ]),
  ];
}

function wave(unit: BadReleaseUnit): readonly Term[] {
  return [
    { of: "boot", ms: unit.bootMs },
    { of: "drain", ms: unit.drainMs },
    { of: "stop", ms: unit.stopMs },
  ];
}

function wavesOf({ replicas, rollout }: BadReleaseUnit): number {
  const { surge, atOnce }: Strategy = strategyOf({
    settings: rollout,
    replicas: { from: replicas, to: replicas },
    isFirst: false,
    isJudged: true,
  });
  return atOnce ? 1 : Math.ceil(replicas / surge);
}

function times(count: number, terms: readonly Term[]): readonly Term[] {
  if (count < 1) return [];
  return terms.map(({ of, ms }) => ({ of: count === 1 ? of : `${count} × ${of}`, ms: count * ms }));
}
