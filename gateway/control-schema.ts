import type { Command } from "@seaworthy/std/command";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { z } from "zod";
import { findContradiction, gatewayConfigSchema } from "./config-schema.ts";
import type { ControlRequest } from "./control.ts";

const id = z.int();
/** A day: longer waits are mistakes. */
const waitMs = z.int().min(0).max(86_400_000);

const commandSchema: z.ZodType<Command> = z.tuple([z.string().min(1)], z.string());

const controlRequestSchema: z.ZodType<ControlRequest> = z.discriminatedUnion("op", [
  z.strictObject({ id, op: z.literal("apply"), config: gatewayConfigSchema }),
  z.strictObject({ id, op: z.literal("handover"), drainMs: waitMs }),
  z.strictObject({ id, op: z.literal("replace-holder"), command: commandSchema }),
  z.strictObject({ id, op: z.literal("status") }),
  z.strictObject({
    id,
    op: z.literal("drain-endpoint"),
    endpoint: z.string(),
    deadlineMs: waitMs,
  }),
  z.strictObject({ id, op: z.literal("metrics") }),
]);

/** A refusal repeats the request's id where one could be read, else 0. */
export interface UnreadableRequest {
  readonly id: number;
  readonly message: string;
}

export function parseControlRequest(line: string): Result<ControlRequest, UnreadableRequest> {
  let input: unknown;
  try {
    input = JSON.parse(line);
  } catch {
    return refuse({ id: 0, message: "the line is not JSON" });
  }
  const parsed = controlRequestSchema.safeParse(input);
  if (!parsed.success) return refuse({ id: idOf(input), message: z.prettifyError(parsed.error) });
  if (parsed.data.op === "apply") {
    const contradiction = findContradiction(parsed.data.config);
    if (contradiction !== undefined) return refuse({ id: parsed.data.id, message: contradiction });
  }
  return ok(parsed.data);
}

function idOf(input: unknown): number {
  const parsed = z.object({ id: z.int() }).safeParse(input);
  return parsed.success ? parsed.data.id : 0;
}
