import type { ObjectiveName, RequestClass } from "../system/system.ts";

export type Verdict = "held" | "missed" | "could-not-verify" | "aborted";

/** What one drill showed about one objective (architecture §13). */
export interface Evidence {
  readonly drill: string;
  readonly objective: ObjectiveName;
  /** The limit as declared: 0.001 for errors, ms for latencies and recovery, a count. */
  readonly limit: number;
  /** Written before the run, from configured intervals alone. */
  readonly predicted: Interval | undefined;
  readonly measured: number | undefined;
  /** One entry a run, every value kept. */
  readonly runs: readonly DrillRun[];
  readonly verdict: Verdict;
  readonly because: string;
  /** Samples outside the predicted interval: worth knowing also where the objective held. */
  readonly findings?: readonly string[];
  /** What was still broken or missing when the drill ended; absent: nothing was. */
  readonly leftBroken?: readonly string[];
  /** What this drill does not prove, whatever it showed. */
  readonly unproven?: string;
  /** The unit that was drilled. */
  readonly unit?: string;
  /** Runs of earlier evidence that the verdict counts as well, and their requests. */
  readonly earlier?: { readonly runs: number; readonly sent: number };
  /** Arguments of `seaworthy` that play it again. */
  readonly again?: readonly string[];
  readonly seed: number;
  readonly target: string;
  readonly declarationHash: string;
  readonly releases: Readonly<Record<string, string>>;
  readonly at: string;
  /** Folder with the raw samples, relative to the record. */
  readonly raw: string;
}

export interface Interval {
  readonly what: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** The configured intervals that make it as wide as it is. */
  readonly varies?: readonly { readonly of: string; readonly ms: number }[];
}

export interface DrillRun {
  readonly windows: {
    readonly warmUpMs: number;
    readonly baselineMs: number;
    readonly windowMs: number;
  };
  readonly ratePerSecond: number;
  readonly sent: ClassCounts;
  readonly failed: ClassCounts;
  /** In flight on the victim at injection: lost by nature, up to this number (architecture §13). */
  readonly inFlightOnVictim: ClassCounts;
  readonly baseline: LatencySummary;
  readonly during: LatencySummary;
  /** Longest gap between successes, seconds with > 1 % failed, first failure → steady again. */
  readonly outage: OutageFigures;
  /** The same of safe requests alone, and of writes alone; absent where none was sent. */
  readonly outageOf?: { readonly reads?: OutageFigures; readonly writes?: OutageFigures };
  /** Injection → last request sent to the victim (ms); undefined where it does not apply. */
  readonly exposureMs: number | undefined;
  /** Injection → redundancy restored (ms). */
  readonly restoredMs: number | undefined;
  /** What the drill was about took so long (ms), where no other figure says it: a roll, a spike. */
  readonly tookMs?: number;
  /** What a fault stops by nature, or a spike sheds, while it lasts; the rest is in `failed`. */
  readonly stopped?: StoppedRequests;
  /** What one instance holds, of a saturation drill. */
  readonly capacity?: InstanceCapacity;
  /** Client connections that were held at a time, none of them refused or cut. */
  readonly connections?: number;
  /** Client's history against what took effect; undefined when no `load.history` is declared. */
  readonly writes: WriteAudit | undefined;
  /** On the generator's clock (ms), for whoever draws the samples. */
  readonly moments?: RunMoments;
  /** What judged this run beside its figures, so that later runs can be judged together with it. */
  readonly judged?: RunJudged;
  readonly injected: string | undefined;
  readonly undone: string | undefined;
  readonly generator: GeneratorCheck;
}

export interface StoppedRequests {
  readonly sent: ClassCounts;
  readonly failed: ClassCounts;
  /** How they failed → how many: `503`, `timeout`, `reset`. */
  readonly how: Readonly<Record<string, number>>;
}

export interface OutageFigures {
  readonly longestGapMs: number;
  readonly badSeconds: number;
  readonly unavailableMs: number;
}

/** What one instance holds within the objectives, and what that means for the declaration. */
export interface InstanceCapacity {
  readonly ratePerSecond: number;
  /** Nothing broke: the generator or this machine could not give more. */
  readonly atLeast: boolean;
  /** What broke first, or what kept the search from going on. */
  readonly limitedBy: string;
  /** Open and answered at a time; absent: not tried. */
  readonly connections?: number;
  /** For the declared load; one more bears the loss of one. */
  readonly instancesForLoad: number;
  /** Where each client connection stays with one instance (streams, WebSockets). */
  readonly instancesForConnections?: number;
}

/** Milliseconds since the load began. */
export interface RunMoments {
  readonly baselineFromMs: number;
  /** From injection (or the roll's start) to the end of what is judged. */
  readonly windowFromMs: number;
  readonly windowToMs: number;
  /** Absent: nothing was undone while the load ran. */
  readonly undoneMs?: number;
}

export interface RunJudged {
  /** Left out of the ratio: lost by nature. */
  readonly byNature: ClassCounts;
  /** Injection → served steadily and whole; or for how long it was not. */
  readonly recovered: boolean;
  readonly recoveryMs: number;
  readonly doubts: readonly string[];
  readonly wrongs: readonly string[];
  /** Why the run was given up. */
  readonly aborted?: string;
}

export type ClassCounts = Readonly<Record<RequestClass, number>>;

export interface LatencySummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface WriteAudit {
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
  /** Acknowledged and not there. */
  readonly lost: number;
  /** Took effect more than once. */
  readonly doubled: number;
  readonly unknownApplied: number;
}

/** Whether the generator itself can be believed; otherwise the verdict is could-not-verify. */
export interface GeneratorCheck {
  readonly sendLagP99Ms: number;
  readonly cpuRatio: number;
  readonly loadAverage: number;
  readonly ok: boolean;
}
