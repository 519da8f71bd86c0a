import { z } from "zod";
import type { Graph } from "../../plan/graph.ts";
import { stepResultSchema, stepSchema } from "../../record/schema-step.ts";
import type { Step } from "../../record/step.ts";
import { TargetError, type LeaseOwner, type TargetErrorCode } from "../target.ts";
import { graphSchema, maybe } from "./graph-schema.ts";

/**
 * Between a client and its supervisor. It grows with every change of what one asks of the other
 * or of what a supervisor does: a newer client then replaces an
 * older supervisor, which is as safe as its death, and an older client leaves a newer one alone.
 * 1: version 0.1.0.
 */
export const PROTOCOL_VERSION = 3;

/** First line of each side. */
export const helloSchema = z.object({ protocol: z.number(), pid: z.number() });

/**
 * The lease is the connection: it ends with it. `define` and `apply` carry the epoch that the
 * lease was given, and an older one is refused.
 */
export type Call =
  | { readonly call: "lease"; readonly owner: LeaseOwner }
  | { readonly call: "release" }
  | {
      readonly call: "define";
      readonly epoch: number;
      readonly graph: Graph;
      /** Absolute: what the graph's relative paths are relative to. */
      readonly systemFolder: string | undefined;
      /** Unit → the release that the graph's definition of it speaks of. */
      readonly spoken: Readonly<Record<string, string>> | undefined;
      readonly operation: string | undefined;
    }
  | { readonly call: "apply"; readonly epoch: number; readonly step: Step };

export type Request = { readonly id: number } & (Call | { readonly call: "cancel" });

const ownerSchema: z.ZodType<LeaseOwner> = z.object({
  verb: z.string(),
  pid: z.number(),
  host: z.string(),
  user: z.string(),
});

const id = z.number();
export const requestSchema: z.ZodType<Request> = z.union([
  z.object({ id, call: z.literal("lease"), owner: ownerSchema }),
  z.object({ id, call: z.literal("release") }),
  z.object({
    id,
    call: z.literal("define"),
    epoch: z.number(),
    graph: graphSchema,
    systemFolder: maybe(z.string()),
    spoken: maybe(z.record(z.string(), z.string())),
    operation: maybe(z.string()),
  }),
  z.object({ id, call: z.literal("apply"), epoch: z.number(), step: stepSchema }),
  /** `id` names the request that is no longer waited for; it has no reply of its own. */
  z.object({ id, call: z.literal("cancel") }),
]);

export const leaseReplySchema = z.union([
  z.object({ held: z.literal(true), epoch: z.number() }),
  z.object({ held: z.literal(false), by: ownerSchema, sinceMs: z.number() }),
]);
export type LeaseReply = z.output<typeof leaseReplySchema>;

/** `ending`: nothing is left to look after, the supervisor is going. */
export const releaseReplySchema = z.object({ ending: z.boolean() });

export const defineReplySchema = z.object({ defined: z.literal(true) });
export const applyReplySchema = stepResultSchema;

const errorCodeSchema: z.ZodType<TargetErrorCode> = z.enum([
  "unreachable",
  "fenced",
  "unsupported",
  "no-such-instance",
  "no-such-release",
  "release-changed",
  "secret-missing",
  "no-permission",
  "no-space",
  "too-new",
  "damaged",
  "failed",
]);

const errorSchema = z.object({
  code: errorCodeSchema,
  message: z.string(),
  detail: z.array(z.string()),
  fix: maybe(z.string()),
});

export const replySchema = z.union([
  z.object({ id, ok: z.literal(true), value: z.unknown() }),
  z.object({ id, ok: z.literal(false), error: errorSchema }),
]);
export type Reply = z.output<typeof replySchema>;

/** An error as it travels; a cause stays at home. */
export function encodeError(thrown: unknown): z.output<typeof errorSchema> {
  if (thrown instanceof TargetError) {
    const { code, message, detail, fix } = thrown;
    return { code, message, detail: [...detail], fix };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "failed", message, detail: [], fix: undefined };
}

export function decodeError(error: z.output<typeof errorSchema>): TargetError {
  const { code, message, detail, fix } = error;
  return new TargetError(code, message, { detail, ...(fix === undefined ? {} : { fix }) });
}
