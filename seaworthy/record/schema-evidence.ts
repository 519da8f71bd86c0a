import { z } from "zod";
import type { ObjectiveName } from "../system/system.ts";
import type {
  ClassCounts,
  DrillRun,
  Evidence,
  GeneratorCheck,
  InstanceCapacity,
  Interval,
  LatencySummary,
  OutageFigures,
  RunJudged,
  RunMoments,
  StoppedRequests,
  Verdict,
  WriteAudit,
} from "./evidence.ts";
import { amount, count, list, orUndefined, schemaOf } from "./schema-parts.ts";

const objectiveSchema = schemaOf<ObjectiveName>()(
  z.enum(["availability", "latency.p95", "latency.p99", "errors", "recovery.time", "connections"]),
);

const verdictSchema = schemaOf<Verdict>()(
  z.enum(["held", "missed", "could-not-verify", "aborted"]),
);

const intervalSchema = schemaOf<Interval>()(
  z.object({
    what: z.string(),
    fromMs: amount,
    toMs: amount,
    varies: list(z.object({ of: z.string(), ms: amount })).exactOptional(),
  }),
);

const countsSchema = schemaOf<ClassCounts>()(
  z.object({ safe: count, idempotent: count, unsafe: count, stream: count }),
);

const latencySchema = schemaOf<LatencySummary>()(
  z.object({ count, p50Ms: amount, p95Ms: amount, p99Ms: amount, maxMs: amount }),
);

const writesSchema = schemaOf<WriteAudit>()(
  z.object({
    ok: count,
    failed: count,
    unknown: count,
    lost: count,
    doubled: count,
    unknownApplied: count,
  }),
);

const generatorSchema = schemaOf<GeneratorCheck>()(
  z.object({
    sendLagP99Ms: amount,
    cpuRatio: amount,
    loadAverage: amount,
    ok: z.boolean(),
  }),
);

const outageSchema = schemaOf<OutageFigures>()(
  z.object({ longestGapMs: amount, badSeconds: amount, unavailableMs: amount }),
);

const stoppedSchema = schemaOf<StoppedRequests>()(
  z.object({ sent: countsSchema, failed: countsSchema, how: z.record(z.string(), count) }),
);

const momentsSchema = schemaOf<RunMoments>()(
  z.object({
    baselineFromMs: amount,
    windowFromMs: amount,
    windowToMs: amount,
    undoneMs: amount.exactOptional(),
  }),
);

const judgedSchema = schemaOf<RunJudged>()(
  z.object({
    byNature: countsSchema,
    recovered: z.boolean(),
    recoveryMs: amount,
    doubts: list(z.string()),
    wrongs: list(z.string()),
    aborted: z.string().exactOptional(),
  }),
);

const capacitySchema = schemaOf<InstanceCapacity>()(
  z.object({
    ratePerSecond: amount,
    atLeast: z.boolean(),
    limitedBy: z.string(),
    connections: count.exactOptional(),
    instancesForLoad: count,
    instancesForConnections: count.exactOptional(),
  }),
);

const runSchema = schemaOf<DrillRun>()(
  z.object({
    windows: z.object({ warmUpMs: amount, baselineMs: amount, windowMs: amount }),
    ratePerSecond: amount,
    sent: countsSchema,
    failed: countsSchema,
    inFlightOnVictim: countsSchema,
    baseline: latencySchema,
    during: latencySchema,
    outage: outageSchema,
    outageOf: z
      .object({ reads: outageSchema.exactOptional(), writes: outageSchema.exactOptional() })
      .exactOptional(),
    exposureMs: orUndefined(amount),
    restoredMs: orUndefined(amount),
    tookMs: amount.exactOptional(),
    capacity: capacitySchema.exactOptional(),
    stopped: stoppedSchema.exactOptional(),
    connections: count.exactOptional(),
    writes: orUndefined(writesSchema),
    moments: momentsSchema.exactOptional(),
    judged: judgedSchema.exactOptional(),
    injected: orUndefined(z.string()),
    undone: orUndefined(z.string()),
    generator: generatorSchema,
  }),
);

export const evidenceSchema = schemaOf<Evidence>()(
  z.object({
    drill: z.string(),
    objective: objectiveSchema,
    limit: amount,
    predicted: orUndefined(intervalSchema),
    measured: orUndefined(z.number()),
    runs: list(runSchema),
    verdict: verdictSchema,
    because: z.string(),
    findings: list(z.string()).exactOptional(),
    leftBroken: list(z.string()).exactOptional(),
    unproven: z.string().exactOptional(),
    unit: z.string().exactOptional(),
    earlier: z.object({ runs: count, sent: count }).exactOptional(),
    again: list(z.string()).exactOptional(),
    seed: z.int(),
    target: z.string(),
    declarationHash: z.string(),
    releases: z.record(z.string(), z.string()),
    at: z.string(),
    raw: z.string(),
  }),
);
