import { z } from "zod";
import type { JournalEntry, JournalledChange } from "./journal.ts";
import { count, list, orUndefined, schemaOf } from "./schema-parts.ts";
import { outcomeSchema } from "./schema-event.ts";
import { faultHandleSchema, stepResultSchema, stepSchema } from "./schema-step.ts";

const changeSchema = schemaOf<JournalledChange>()(
  z.object({
    unit: z.string(),
    from: orUndefined(z.string()),
    to: z.string(),
    replicas: count,
    replicasBefore: count.exactOptional(),
    canary: list(z.number()).exactOptional(),
    renewFrom: count.exactOptional(),
  }),
);

const operation = z.string();
const stepId = count;

export const journalEntrySchema = schemaOf<JournalEntry>()(
  z.discriminatedUnion("entry", [
    z.object({
      entry: z.literal("begin"),
      operation,
      verb: z.string(),
      at: z.string(),
      changes: list(changeSchema),
    }),
    z.object({ entry: z.literal("intent"), operation, stepId, step: stepSchema }),
    z.object({ entry: z.literal("result"), operation, stepId, result: stepResultSchema }),
    z.object({ entry: z.literal("fault"), operation, fault: faultHandleSchema }),
    z.object({
      entry: z.literal("fault-undone"),
      operation,
      faultId: z.string(),
      how: z.string(),
    }),
    z.object({
      entry: z.literal("end"),
      operation,
      at: z.string(),
      outcome: outcomeSchema,
      because: z.string(),
    }),
  ]),
);
