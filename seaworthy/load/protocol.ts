import { z } from "zod";
import type { LoadPlan, LoadResult, Sample } from "./load.ts";

/**
 * What the generator's process and its parent say to each other, one JSON document a line: the
 * plan and then `stop` on its stdin, `started`, ticks and `done` on its stdout.
 */
export type WorkerMessage =
  | { readonly kind: "started"; readonly wallMs: number }
  | Tick
  | {
      readonly kind: "done";
      readonly check: LoadResult["check"];
      readonly samples: number;
      /** Why the samples file is not whole. */
      readonly problem: string | null;
    };

export interface Tick {
  readonly kind: "tick";
  readonly nowMs: number;
  /** In the last second. */
  readonly sent: number;
  readonly failed: number;
  readonly inFlight: number;
  readonly sendLagP99Ms: number;
}

export const STOP_LINE = "stop";

const classSchema = z.enum(["safe", "idempotent", "unsafe", "stream"]);

const planSchema = z
  .object({
    url: z.url(),
    trust: z
      .object({ certificateFile: z.string(), serverName: z.string().optional() })
      .transform((trust) => ({ ...trust, serverName: trust.serverName }))
      .optional(),
    ratePerSecond: z.number().positive(),
    mix: z
      .array(
        z.object({
          method: z.string(),
          path: z.string(),
          headers: z.record(z.string(), z.string()),
          body: z.string().optional(),
          weight: z.number().positive(),
          class: classSchema,
        }),
      )
      .min(1),
    timeoutMs: z.number().positive(),
    seed: z.number(),
    run: z.string(),
    durationMsMax: z.number().positive(),
    freshConnections: z.number().min(0).max(1),
    samplesFile: z.string(),
  })
  .transform(
    (plan): LoadPlan => ({
      ...plan,
      mix: plan.mix.map((request) => ({ ...request, body: request.body })),
    }),
  );

/** Throws when the line is no plan. */
export function readPlan(line: string): LoadPlan {
  return planSchema.parse(JSON.parse(line));
}

const messageSchema: z.ZodType<WorkerMessage> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("started"), wallMs: z.number() }),
  z.object({
    kind: z.literal("tick"),
    nowMs: z.number(),
    sent: z.number(),
    failed: z.number(),
    inFlight: z.number(),
    sendLagP99Ms: z.number(),
  }),
  z.object({
    kind: z.literal("done"),
    check: z.object({
      sendLagP99Ms: z.number(),
      cpuRatio: z.number(),
      loadAverage: z.number(),
      ok: z.boolean(),
    }),
    samples: z.number(),
    problem: z.string().nullable(),
  }),
]);

/** Throws when the line is no message of the generator. */
export function readMessage(line: string): WorkerMessage {
  return messageSchema.parse(JSON.parse(line));
}

const sampleSchema = z
  .object({
    index: z.number(),
    kind: z.number().exactOptional(),
    class: classSchema,
    dueMs: z.number(),
    sentMs: z.number(),
    endMs: z.number().optional(),
    outcome: z.enum(["ok", "failed", "unknown"]),
    status: z.number().optional(),
    failure: z.string().optional(),
    write: z.string().optional(),
    instance: z.string().optional(),
    release: z.string().optional(),
  })
  .transform(
    (sample): Sample => ({
      ...sample,
      endMs: sample.endMs,
      status: sample.status,
      failure: sample.failure,
      write: sample.write,
      instance: sample.instance,
      release: sample.release,
    }),
  );

/** Throws when the line is no sample. */
export function readSample(line: string): Sample {
  return sampleSchema.parse(JSON.parse(line));
}
