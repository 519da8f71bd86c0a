import { z } from "zod";
import type { DrillPhase, Event, Outcome } from "./event.ts";
import { amount, count, list, orUndefined, schemaOf } from "./schema-parts.ts";
import { stepResultSchema, stepSchema } from "./schema-step.ts";

export const outcomeSchema = schemaOf<Outcome>()(
  z.enum([
    "done",
    "nothing-to-do",
    "failed",
    "rolled-back",
    "not-rolled-back",
    "could-not-verify",
    "locked",
    "refused",
    "interrupted",
  ]),
);

const phaseSchema = schemaOf<DrillPhase>()(
  z.enum(["preflight", "warm-up", "baseline", "inject", "observe", "undo", "verdict"]),
);

const every = { at: z.string(), operation: z.string() };
const because = z.string();
const unit = z.string();
const elapsedMs = amount;
const deadlineMs = amount;
const tookMs = amount;
const figures = { requests: count, errorRatio: amount, p95Ms: orUndefined(amount) };

export const eventSchema = schemaOf<Event>()(
  z.discriminatedUnion("kind", [
    z.object({
      ...every,
      kind: z.literal("operation-started"),
      verb: z.string(),
      plan: list(z.string()),
    }),
    z.object({ ...every, kind: z.literal("step-started"), step: stepSchema, deadlineMs }),
    z.object({
      ...every,
      kind: z.literal("step-ended"),
      step: stepSchema,
      result: stepResultSchema,
      tookMs,
    }),
    z.object({ ...every, kind: z.literal("waiting"), on: z.string(), elapsedMs, deadlineMs }),
    z.object({
      ...every,
      kind: z.literal("bake"),
      unit,
      elapsedMs,
      ...figures,
      share: amount.exactOptional(),
      control: z.object(figures).exactOptional(),
    }),
    z.object({
      ...every,
      kind: z.literal("direction"),
      unit,
      direction: z.enum(["forward", "reverse"]),
      because,
    }),
    z.object({
      ...every,
      kind: z.literal("instance"),
      instance: z.string(),
      change: z.string(),
      because: z.string().exactOptional(),
    }),
    z.object({
      ...every,
      kind: z.literal("drill"),
      drill: z.string(),
      phase: phaseSchema,
      detail: z.string(),
    }),
    z.object({
      ...every,
      kind: z.literal("operation-ended"),
      outcome: outcomeSchema,
      because,
      tookMs,
    }),
  ]),
);
