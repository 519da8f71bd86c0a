import {
  type BadRelease,
  type BadReleaseUnit,
  takenBack,
} from "../seaworthy/drills/bad-release.ts";
import type { LoadResult } from "../seaworthy/load/load.ts";
import {
  dueWithin,
  failedByClass,
  latencyOf,
  longestGapMs,
  type Span,
  touching,
} from "../seaworthy/load/window.ts";
import { failureKinds, generatorDoubt } from "./load-account.ts";
import type { Bar, RunResult } from "./measured.ts";
import { complaintOf, type Ended, lastDocument } from "./verb.ts";

const RUNS_NEEDED = 5;
/** Starting processes and observing: no configured interval says it. */
const MACHINE_MS = 2_000;
const ROLLED_BACK = 4;

const ENDED = "rolls that did not end with exit 4";
const LEFT = "instances that are not the committed release, ready and routed";
const TOOK = "taken back after (ms)";
const FAILED = "safe or idempotent requests failed";

/** What answers its own errors is asked until it is found out. */
const ANSWERS_ERRORS: readonly BadRelease[] = ["failing", "grey"];

export function barsOf(bad: BadRelease): readonly Bar[] {
  const bar = (name: string, limit: string): Bar => ({
    cell: bad,
    name,
    limit,
    runsNeeded: RUNS_NEEDED,
  });
  return [
    bar(ENDED, "0"),
    bar(LEFT, "0"),
    bar(TOOK, "bound from what is declared + 2 s"),
    ...(ANSWERS_ERRORS.includes(bad) ? [] : [bar(FAILED, "0")]),
  ];
}

export interface Seen {
  readonly load: LoadResult;
  readonly ended: Ended;
  readonly status: Ended;
  /** On the generator's clock: command start to command return. */
  readonly during: Span;
  readonly warmUpMs: number;
}

/** Samples and outcome → figures; nothing is judged yet. */
export function resultOf(
  run: { readonly bad: BadRelease; readonly unit: BadReleaseUnit },
  { load, ended, status, during, warmUpMs }: Seen,
): RunResult {
  const { bad, unit } = run;
  const hurt = touching(load.samples, { fromMs: during.fromMs, toMs: Number.POSITIVE_INFINITY });
  const failed = failedByClass(hurt);
  const steady = dueWithin(load.samples, { fromMs: warmUpMs / 2, toMs: during.fromMs });
  const bound = takenBack(bad, unit, true);
  const tookMs = secondsIn(ended) * 1_000;
  const { safe, idempotent, unsafe } = failed;
  const repeatable = safe + idempotent;
  return {
    cell: bad,
    kind: "event",
    figures: {
      tookMs,
      safeFailed: safe,
      idempotentFailed: idempotent,
      unsafeFailed: unsafe,
      p95Ms: latencyOf(dueWithin(load.samples, during)).p95Ms,
      steadyP95Ms: latencyOf(steady).p95Ms,
      longestGapMs: longestGapMs(load.samples, during),
    },
    facts: {
      ended: complaintOf("deploy", ended),
      sent: hurt.length,
      boundMs: `${bound.fromMs} to ${bound.toMs}`,
      failures: failureKinds(hurt),
      generator: JSON.stringify(load.check),
    },
    readings: {
      [ENDED]: { value: ended.code === ROLLED_BACK ? 0 : 1, limit: 0 },
      [LEFT]: { value: leftOver(status, unit.replicas), limit: 0 },
      [TOOK]: { value: tookMs, limit: bound.toMs + MACHINE_MS },
      ...(ANSWERS_ERRORS.includes(bad) ? {} : { [FAILED]: { value: repeatable, limit: 0 } }),
    },
    doubt: generatorDoubt(load.check),
  };
}

function secondsIn({ stdout }: Ended): number {
  const document = lastDocument(stdout);
  const has = typeof document === "object" && document !== null && "seconds" in document;
  return has && typeof document.seconds === "number" ? document.seconds : Number.NaN;
}

interface SeenUnit {
  readonly name: string;
  readonly release: string | null;
  readonly instances: readonly { state: string; routed: boolean; release: string }[];
}

/** How far what runs is from so many instances of the committed release, ready and routed. */
function leftOver({ stdout }: Ended, replicas: number): number {
  const shown: { readonly units?: readonly SeenUnit[] } = JSON.parse(stdout);
  const work = shown.units?.find(({ name }) => name === "work");
  const all = work?.instances ?? [];
  const sound = all.filter(
    ({ state, routed, release }) => state === "ready" && routed && release === work?.release,
  );
  return Math.abs(replicas - sound.length) + (all.length - sound.length);
}
